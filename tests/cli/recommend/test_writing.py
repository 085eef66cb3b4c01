"""Policies that `--apply` writes, to an API server of which every response is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes.client import ApiClient
from msgspec import structs

from tests.cli.recommend.test_command import MANIFEST, USAGE
from tests.cluster.fake_api import FakeApi, fake_cluster
from tests.recommend.weeks import week
from webhook.cli.common.inputs import inputs_of
from webhook.cli.common.manifests import find_manifests, read_manifests
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import Problems
from webhook.cli.recommend.judging import Results, judged
from webhook.cli.recommend.owners import of_manifests
from webhook.cli.recommend.sources import Usage
from webhook.cli.recommend.writing import write_policies
from webhook.recommend.rules import Rules
from webhook.usage.files import FileUsage, as_json
from webhook.usage.measured import ContainerOfPod, NamespaceUsage

__all__ = ["fake_cluster"]
_OPEN = MANIFEST[: MANIFEST.index("        resources:")]
_FITS = f"{_OPEN}        resources: {{requests: {{cpu: 240m, memory: 1040Mi}}}}\n"
Judge = Callable[[str, NamespaceUsage], Results]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def judge(manifest: str, usage: NamespaceUsage) -> Results:
        (tmp_path / "web.yaml").write_text(manifest)
        (tmp_path / "usage.json").write_bytes(as_json(usage))
        inputs = inputs_of("recommend", None, [str(tmp_path / "web.yaml")], recursive=False)
        documents = read_manifests(inputs, on_problem=Problems().add)
        located = [one for each in documents for one in find_manifests(each, on_problem=Problems().add)]
        owners = list(of_manifests(located, snapshot_from(PolicyOptions()), "default"))
        source = FileUsage(str(tmp_path / "usage.json"))
        return judged(owners, Usage(lambda _: source), Rules())

    return judge


def _written(results: Results, api: ApiClient, capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    is_done = write_policies(results, api, by_image=False, is_whole=False)
    return is_done, capsys.readouterr().out


def test_what_is_in_the_cluster_is_done(
    fake_cluster: tuple[FakeApi, ApiClient], judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, api = fake_cluster
    fake.respond({})
    assert _written(judge(_OPEN, USAGE), api, capsys) == (True, "shop/deployment-web-app: written\n")
    fake.respond({"message": "conflict"}, status=409)
    is_done, out = _written(judge(_OPEN, USAGE), api, capsys)
    assert (is_done, out.splitlines()[0].startswith("shop/deployment-web-app: unchanged: ")) == (True, True)


@pytest.mark.parametrize(
    ("manifest", "usage", "is_done", "why"),
    [
        pytest.param(MANIFEST, USAGE, False, "2 values would have no effect", id="no effect"),
        pytest.param(_OPEN, week(), False, "1 container could not be judged", id="not judged"),
        pytest.param(_FITS, USAGE, True, "no size is to change", id="no change"),
    ],
)
def test_it_says_why_no_policy_was_written(
    fake_cluster: tuple[FakeApi, ApiClient],
    judge: Judge,
    capsys: pytest.CaptureFixture[str],
    manifest: str,
    usage: NamespaceUsage,
    is_done: bool,
    why: str,
) -> None:
    fake, api = fake_cluster
    found = _written(judge(manifest, usage), api, capsys)
    assert found == (is_done, f"No policy was written: {why}.\n")
    assert fake.requests == []


def test_namespaces_that_would_have_too_many_get_none(
    fake_cluster: tuple[FakeApi, ApiClient], judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, api = fake_cluster
    head, container = _OPEN[: _OPEN.index("      - name")], _OPEN[_OPEN.index("      - name") :]
    names = [f"app{each}" for each in range(21)]
    many = {ContainerOfPod(key.pod, name): each for key, each in USAGE.containers.items() for name in names}
    manifest = head + "".join(container.replace("name: app", f"name: {name}") for name in names)
    found = _written(judge(manifest, structs.replace(USAGE, containers=many)), api, capsys)
    assert found == (False, "No policy was written: 1 namespace would have too many.\n")
    assert fake.requests == []
