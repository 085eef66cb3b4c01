"""The conditions by which a Pod is left alone: those of the engine, of the Pod alone."""

from __future__ import annotations

from webhook.engine.exemptions import CRITICAL, MAX_PARTS
from webhook.export.cel.values import Bool
from webhook.export.exemptions import conditions, namespace_is_enforced
from webhook.export.pod import pod_of
from webhook.export.program import MAX_DEPTH, Program
from webhook.model.accelerators import Accelerators


def test_names_are_those_of_an_api_object() -> None:
    for name in conditions():
        assert name.replace("-", "").isalpha()
        assert name == name.lower()


def test_conditions_need_no_variable() -> None:
    """They know none, nor the namespace."""
    for name, each in conditions().items():
        assert not each.code.uses, name
        assert not each.code.free, name
        assert "namespaceObject" not in each.code.text, name
        assert each.code.depth < MAX_DEPTH, name
        assert isinstance(each, Bool), name


def test_any_value_but_enabled_opts_out() -> None:
    text = conditions()["not-opted-out"].code.text
    assert text == (
        "object.metadata.?labels.orValue({})[?'podtailor.dev/injection'].orValue('enabled') == 'enabled' && "
        "object.metadata.?annotations.orValue({})[?'podtailor.dev/injection'].orValue('enabled') == 'enabled'"
    )


def test_constants_are_those_of_the_engine() -> None:
    assert conditions()["not-too-large"].code.text.endswith(f"<= {MAX_PARTS}")
    for each in CRITICAL:
        assert f"'{each}'" in conditions()["not-critical"].code.text


def test_old_labels_count_as_the_new_ones() -> None:
    text = conditions()["not-for-windows"].code.text
    assert "['kubernetes.io/os', 'beta.kubernetes.io/os']" in text


def test_only_an_enforced_namespace_is_changed() -> None:
    assert namespace_is_enforced(pod_of(Program(), Accelerators())).code.text == (
        "variables.namespaceLabels[?'podtailor.dev/injection'].orValue('enabled') == 'enabled' && "
        "variables.namespaceLabels[?'podtailor.dev/mode'].orValue('enforce').lowerAscii() == 'enforce'"
    )
