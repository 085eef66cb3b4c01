"""The list of edits, and that no place forgets one: the document, the lists derived from it, the inputs of laws."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tests.support.pods import decide, pod, snapshot, subject
from webhook.audit import diff
from webhook.edits import EDITS, Edit, field_name
from webhook.model.draft import Draft
from webhook.model.patch import Path as FieldPath
from webhook.policies.load import load_or_raise
from webhook.policies.schema import Accelerators, Spec
from webhook.server.log import ReviewLine
from webhook.server.metrics import Metrics

each_edit = pytest.mark.parametrize("edit", EDITS, ids=[edit.name for edit in EDITS])
GREEDY = load_or_raise(["tests/e2e/greedy-policies.yaml"])
# A Pod that leaves everything open: the containers are those that the greedy policies cover.
OPEN = pod(
    "containers: [{name: c0, image: redis}]\ninitContainers: [{name: c1, image: redis, restartPolicy: Always}]"
)
# Fields of a policy that say when it applies, to what, or how.
NO_EDITS = {"mode", "priority", "match", "exclude", "containers", "accelerators", "recommend"}


def test_each_other_field_of_a_policy_requests_an_edit() -> None:
    names = [edit.name for edit in EDITS]
    assert set(Spec.model_fields) == {*NO_EDITS, *names}
    assert set(Accelerators.model_fields) <= set(names)


@each_edit
def test_file_of_an_edit_has_a_header_and_a_test(edit: Edit) -> None:
    module = inspect.getmodule(edit.apply)
    assert module
    headings = re.findall(r"^([A-Z][a-z]+)  +\S", module.__doc__ or "", re.MULTILINE)
    assert headings == ["Matches", "Reads", "Writes", "Leaves"]
    *rooms, file = module.__name__.split(".")[1:]
    assert Path("tests", *rooms, f"test_{file}.py").is_file()


@each_edit
def test_greedy_policies_request_every_edit_in_all_its_fields(edit: Edit) -> None:
    """They stand for "everything at once" in the laws and in tests against a real API server."""
    draft = Draft()
    edit.apply(subject(OPEN), [policy for policy in GREEDY if edit.requested_by(policy)], draft)
    paths = {_dotted(change.path) for change in draft.changes}
    assert {field for field in edit.fields if any(_is_within(path, field) for path in paths)} == set(
        edit.fields
    )
    assert [path for path in paths if not any(_is_within(path, field) for field in edit.fields)] == []


@each_edit
def test_metrics_name_the_fields_of_edits(edit: Edit) -> None:
    metrics = Metrics()
    metrics.count_review(
        ReviewLine(uid="6f0c", result="patched", ms=1),
        decide(OPEN, snapshot(*filter(edit.requested_by, GREEDY))),
    )
    metrics.flush()
    (mutations,) = (each for each in metrics.registry.collect() if each.name == "podtailor_mutations")
    labels = {sample.labels["field"] for sample in mutations.samples}
    assert labels >= {field_name(field) for field in edit.fields}
    assert labels <= {field_name(field) for each in EDITS for field in each.fields}


def test_diff_of_the_audit_shows_the_fields_of_containers() -> None:
    in_containers = [field.split(".")[2] for edit in EDITS for field in edit.fields if "[*]" in field]
    assert set(diff.CONTAINER_FIELDS) == {"name", *in_containers}


def test_glossary_lists_the_edits() -> None:
    (row,) = re.findall(r"^\| edit \|.*", Path("docs/glossary.md").read_text(), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == [edit.name for edit in EDITS]


def _dotted(path: FieldPath) -> str:
    return ".".join(map(str, path)).replace(".0.", "[*].")


def _is_within(path: str, field: str) -> bool:
    return path == field or path.startswith(f"{field}.")
