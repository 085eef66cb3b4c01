"""Reading policies from files: places, other kinds beside them, problems of all files at once."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from tests.policies.documents import HEAD, write
from webhook.errors import InputError
from webhook.policies.load import load, load_or_raise


def test_list_of_a_cluster_is_taken(tmp_path: Path) -> None:
    """As `kubectl get cwp -o yaml` prints it."""
    items = indent(f"- {indent(HEAD, '  ').strip()} {{}}\n- {indent(HEAD, '  ').strip()} {{mod: x}}\n", "")
    text = "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n" + items
    loaded = load([write(tmp_path, text.replace("{name: p}", "{name: q}", 1))])
    assert [(policy.name, policy.source) for policy in loaded.policies] == [
        ("q", f"{tmp_path / 'policy.yaml'}:5:3")
    ]
    assert [str(problem.place) for problem in loaded.problems] == [f"{tmp_path / 'policy.yaml'}:12:10"]


OTHERS = [
    pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", id="a ConfigMap"),
    pytest.param("apiVersion: podtailor.dev/v1alpha1\nkind: PolicyTest\ntests: []\n", id="tests of policies"),
    pytest.param("apiVersion: v1\nkind: List\nitems: [{apiVersion: apps/v1, kind: Deployment}]\n", id="a List of others"),
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_objects_of_other_kinds_may_stand_beside_policies(tmp_path: Path, other: str) -> None:
    write(tmp_path, other, "other.yaml")
    write(tmp_path, f"{HEAD}  {{}}\n")
    loaded = load([str(tmp_path)])
    assert [policy.name for policy in loaded.policies] == ["p"]
    assert loaded.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD.replace("ClusterWorkloadPolicy", "ClusterWorkloadPolcy") + "  {}\n", id="a kind of ours that is misspelt"),
        pytest.param(HEAD.replace("podtailor.dev", "podtailor.io") + "  {}\n", id="a group that is misspelt"),
        pytest.param("replicas: 3\n", id="a document of no kind"),
    ],
)  # fmt: skip
def test_what_could_be_a_policy_is_no_other_kind(tmp_path: Path, text: str) -> None:
    write(tmp_path, text, "other.yaml")
    write(tmp_path, f"{HEAD}  {{}}\n")
    assert load([str(tmp_path)]).problems


@pytest.mark.parametrize("number", ["1.10", "0123", "08", "1_000", "0x10", "1e3"])
def test_hint_is_what_the_file_says(tmp_path: Path, number: str) -> None:
    (problem,) = load([write(tmp_path, f"{HEAD}  nodeSelector: {{version: {number}}}\n")]).problems
    assert problem.message == f'must be a string: write "{number}"'


def test_good_documents_beside_bad_ones_are_loaded(tmp_path: Path) -> None:
    good, bad = f"{HEAD}  {{}}\n", f"{HEAD}  mod: x\n".replace("{name: p}", "{name: bad}")
    loaded = load([write(tmp_path, f"{good}---\n{bad}---\n# nothing\n")])
    assert [policy.name for policy in loaded.policies] == ["p"]
    assert [str(problem.place) for problem in loaded.problems] == [f"{tmp_path / 'policy.yaml'}:11:3"]


def test_same_name_twice_is_reported_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}  {{}}\n", "a.yaml")
    write(tmp_path, f"{HEAD}  {{}}\n", "b.yaml")
    (problem,) = load([str(tmp_path)]).problems
    assert str(problem) == (
        f"{tmp_path / 'b.yaml'}:3:12: metadata.name: ClusterWorkloadPolicy p is already defined at {tmp_path / 'a.yaml'}:1:1"
    )


def test_what_is_no_yaml_is_a_problem_among_others(tmp_path: Path) -> None:
    write(tmp_path, "a: [", "a.yaml")
    write(tmp_path, f"{HEAD}  mod: x\n", "b.yaml")
    assert [problem.place.file for problem in load([str(tmp_path)]).problems] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yaml"),
    ]


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, f"{HEAD}  mod: x\n  prio: 1\n")
    with pytest.raises(InputError) as error:
        load_or_raise([file])
    assert len(str(error.value).splitlines()) == 2


def test_of_another_kind_only_that_is_said(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {dnsPolicy: Default}\n"
    problems = load([write(tmp_path, text)]).problems
    assert [problem.field for problem in problems] == ["apiVersion", "kind"]


@pytest.mark.parametrize("depth", [300, 500, 1000])
@pytest.mark.parametrize(("before", "after"), [("{a: ", "}"), ("[", "]"), ("- ", "")])
def test_nesting_is_a_problem_like_any_other(tmp_path: Path, before: str, after: str, depth: int) -> None:
    """However deep: a file watcher reports it like any other mistake."""
    file = tmp_path / "deep.yaml"
    file.write_text(before * depth + "1" + after * depth)
    (problem, *_) = load([str(file)]).problems
    assert (problem.place.file, problem.place.line) == (str(file), 1)
    assert problem.message == "nested more than 200 deep"


def test_a_key_that_is_written_twice_is_refused(tmp_path: Path) -> None:
    """Kubectl takes the last: what is for every Pod should not depend on who reads it."""
    file = tmp_path / "p.yaml"
    file.write_text(f"{HEAD}  priority: 1\n  priority: 2\n")
    with pytest.raises(InputError, match=r"p\.yaml:\d+:3: duplicate key 'priority', first set in line"):
        load_or_raise([str(file)])
