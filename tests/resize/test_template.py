"""What a template lacks to make Pods of the size that running ones have, or get."""

from __future__ import annotations

import msgspec
import pytest

from tests.resize.owners import OLD, owner, template
from tests.support.pods import Json
from webhook.model.quantity import parse
from webhook.resize.facts import Change, Wanted
from webhook.resize.owners import Owner, read_owner
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import Container, Field, Metadata, Pod, Resources, Spec
from webhook.resize.sizes import parse_size
from webhook.resize.template import manifest_patch, policies_that_set, template_change

_LIMIT, _REQUEST = Field("app", "limits", "memory"), Field("app", "requests", "memory")
_HAS = {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}}


def _owner(resources: Json, kind: str = "Deployment") -> Owner:
    obj = owner(kind)
    if kind == "Pod":
        obj["spec"] = template(resources)["spec"]
    elif kind != "CronJob":
        obj["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    return read_owner(kind, msgspec.json.encode(obj))


def _pod(before: Json, after: dict[Field, str], **annotations: str) -> PodPlan:
    metadata = Metadata(
        name="web-0", annotations={f"podtailor.dev/{key}": each for key, each in annotations.items()}
    )
    made = Pod(
        metadata=metadata, spec=Spec(containers=[Container(name="app", resources=Resources(**before))])
    )
    changes = []
    for field, text in after.items():
        amount = parse(text)
        assert amount
        changes.append(Change(field, made.values().get(field), amount))
    return PodPlan(pod=made, changes=tuple(changes))


def _memory(size: str) -> Wanted:
    return {"app": {"memory": parse_size(size, "memory")}}


def _change(declared: Json, size: str, *pods: PodPlan) -> dict[str, str]:
    change = template_change(_owner(declared), Plan(pods=pods), _memory(size))
    assert not change.differing_pods
    return {f"{field.side}.{field.resource}": value.text for field, value in change.values.items()}


@pytest.mark.parametrize(
    ("declared", "size", "pod", "expected"),
    [
        pytest.param(_HAS, ":256Mi", _pod(_HAS, {_LIMIT: "256Mi"}), {"limits.memory": "256Mi"}, id="changed"),
        pytest.param(_HAS, ":256Mi", _pod({**_HAS, "limits": {"memory": "256Mi"}}, {}), {"limits.memory": "256Mi"}, id="changed by an earlier run"),
        pytest.param({**_HAS, "limits": {"memory": "0.25Gi"}}, ":256Mi", _pod(_HAS, {_LIMIT: "256Mi"}), {}, id="says so already"),
        pytest.param(_HAS, ":128Mi", _pod(_HAS, {}), {}, id="nothing to change"),
        pytest.param({}, "64Mi", _pod(_HAS, {}), {"requests.memory": "64Mi"}, id="open"),
        pytest.param({}, ":256Mi", _pod(_HAS, {_LIMIT: "256Mi"}), {"limits.memory": "256Mi", "requests.memory": "64Mi"}, id="request that would become the limit"),
        pytest.param({"limits": {"memory": "128Mi"}}, ":=", _pod(_HAS, {_LIMIT: "64Mi"}), {"limits.memory": "64Mi"}, id="request that is the limit"),
    ],
)  # fmt: skip
def test_the_template_gets_what_makes_such_pods(
    declared: Json, size: str, pod: PodPlan, expected: dict[str, str]
) -> None:
    assert _change(declared, size if size != ":=" else "=", pod) == expected


def test_open_fields_are_known() -> None:
    change = template_change(_owner(OLD), Plan(pods=(_pod(_HAS, {_LIMIT: "256Mi"}),)), _memory("96Mi:256Mi"))
    assert change.open_fields == (_REQUEST,)
    assert not change.is_same


def test_what_else_differs_is_known() -> None:
    """By an earlier resize."""
    grown = {"requests": {"memory": "64Mi", "cpu": "100m"}, "limits": {"memory": "256Mi"}}
    pods = tuple(_pod(each, {_REQUEST: "96Mi"}) for each in (grown, grown, _HAS))
    change = template_change(_owner(_HAS), Plan(pods=pods), _memory("96Mi"))
    assert change.others == ((_LIMIT, ("256Mi",), "128Mi"),)
    assert template_change(_owner(_HAS), Plan(pods=pods[:2]), _memory("96Mi:256Mi")).others == ()


def test_pods_of_different_size_have_no_common_template() -> None:
    pods = (_pod(_HAS, {_LIMIT: "256Mi"}), _pod(_HAS, {_LIMIT: "512Mi"}))
    change = template_change(_owner(OLD), Plan(pods=pods), _memory(":x2"))
    assert change.differing_pods
    assert not change.is_same


def test_what_is_no_container_of_the_template_is_left_out() -> None:
    """Another webhook has added it."""
    obj = _owner(OLD)
    made = _pod(_HAS, {Field("proxy", "limits", "memory"): "256Mi"})
    assert template_change(obj, Plan(pods=(made,)), {}).is_same


def test_without_pods_the_template_itself_is_what_is_resized() -> None:
    assert _change(_HAS, "+50%:256Mi") == {"requests.memory": "96Mi", "limits.memory": "256Mi"}
    assert _change({}, "+50%") == {}


def test_a_pod_alone_has_no_template() -> None:
    change = template_change(
        _owner(_HAS, "Pod"), Plan(pods=(_pod(_HAS, {_LIMIT: "256Mi"}),)), _memory(":256Mi")
    )
    assert change.is_same
    assert change.wanted == {}


def test_the_patch_for_a_manifest_has_the_shape_of_its_kind() -> None:
    amount = parse("256Mi")
    assert amount
    spec = {
        "template": {"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "256Mi"}}}]}}
    }
    assert manifest_patch(_owner(OLD), {_LIMIT: amount}) == {"spec": spec}
    assert manifest_patch(_owner(OLD, "CronJob"), {_LIMIT: amount}) == {
        "spec": {"jobTemplate": {"spec": spec}}
    }


def test_the_policy_that_has_set_a_value_is_known() -> None:
    """By the annotation of the Pods."""
    tailored = _pod(
        _HAS, {}, applied='{"general":["app:limits.memory"],"gpu":["app:requests.memory"],"own":3}'
    ).pod
    assert policies_that_set((tailored, _pod(_HAS, {}).pod), _LIMIT) == ["general"]
    assert policies_that_set((tailored,), Field("app", "limits", "cpu")) == []
