"""Charts, templates and kustomizations are named with the command that renders them."""

from __future__ import annotations

from pathlib import Path

import pytest

from webhook.documents.files import read_documents
from webhook.documents.find import Inputs
from webhook.documents.problems import Problem, ProblemName

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"
ALERT = 'summary: "{{ $labels.pod }} restarts"\n'
FILES = {
    "web/Chart.yaml": "name: web\n",
    "web/values.yaml": "a: '{{ tpl }}'\n",
    "web/templates/pod.yaml": f"{POD}---\n{TEMPLATE}",
    "web/templates/plain.yaml": POD,
    "web/templates/tests/quoted.yaml": "image: '{{ .Values.image }}'\n",
    "web/crds/crd.yaml": POD,
    "base/kustomization.yml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD,
    "plain/pod.yaml": POD,
    "loose.yaml": f"{POD}---\n{TEMPLATE}",
    "if.yaml": f"{{{{- if .Values.on }}}}\n{POD}{{{{- end }}}}\n",
    "alert.yaml": ALERT,
    "broken.yaml": f"{ALERT}---\na: [\n",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def _read(path: str, *, recursive: bool = False) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    inputs = Inputs((path,), recursive, command="podtailor audit", of_manifests=True)
    documents = read_documents(inputs, problems.append)
    return [each.source for each in documents if each.data is not None], problems


HELM, KUSTOMIZE = "helm template web | podtailor audit -f -", "podtailor audit -k base"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("path", "place", "hint"),
    [
        pytest.param("web", "web", HELM, id="a chart"),
        pytest.param("web/templates", "web/templates", HELM, id="its templates"),
        pytest.param("web/templates/tests", "web/templates/tests", HELM, id="a folder below them"),
        pytest.param("web/templates/pod.yaml", "web/templates/pod.yaml:8:9", HELM, id="one of them"),
        pytest.param("web/templates/tests/quoted.yaml", "web/templates/tests/quoted.yaml:1:9", HELM, id="one that is YAML too"),
        pytest.param("base", "base", KUSTOMIZE, id="a kustomization"),
        pytest.param("if.yaml", "if.yaml:1:3", "helm template CHART | podtailor audit -f -", id="a template of an unknown chart"),
    ],
)  # fmt: skip
def test_what_must_be_rendered_first_is_named_with_the_command(path: str, place: str, hint: str) -> None:
    read, (problem,) = _read(path)
    assert read == []
    assert (problem.name, str(problem.place), problem.hint) == (ProblemName.NOT_RENDERED, place, hint)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("path", ["web/templates/plain.yaml", "web/crds", "plain", "base/pod.yaml", "alert.yaml", "web/values.yaml"])  # fmt: skip
def test_manifests_are_read_wherever_they_are(path: str) -> None:
    read, problems = _read(path)
    assert (len(read), problems) == (1, [])


@pytest.mark.usefixtures("here")
def test_documents_beside_a_template_are_read() -> None:
    read, (problem,) = _read("loose.yaml")
    assert (read, problem.name) == (["loose.yaml"], ProblemName.NOT_RENDERED)


@pytest.mark.usefixtures("here")
def test_a_mistake_in_a_file_with_braces_in_strings_is_a_mistake() -> None:
    read, (problem,) = _read("broken.yaml")
    assert (read, problem.name) == (["broken.yaml"], ProblemName.INVALID_YAML)


@pytest.mark.usefixtures("here")
def test_with_subdirectories_each_is_named_once_and_the_rest_is_read() -> None:
    read, problems = _read(".", recursive=True)
    assert [(str(each.place), each.hint.partition(" |")[0]) for each in problems[:2]] == [
        ("base", "podtailor audit -k base"), ("web", "helm template web")
    ]  # fmt: skip
    assert read == ["alert.yaml", "broken.yaml", "loose.yaml", "plain/pod.yaml"]


@pytest.mark.usefixtures("here")
def test_policies_beside_a_kustomization_are_read() -> None:
    inputs = Inputs(("base",), command="podtailor policies lint")
    assert len([*read_documents(inputs)]) == 2
