"""`podtailor recommend` without a cluster: manifests and usage from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import structs

from tests.cli.conftest import Run
from tests.recommend.weeks import BEGIN, DAY, measured, week
from webhook.cli.resize.sizes_file import read_sizes
from webhook.model.notice import Notice
from webhook.usage.files import as_json
from webhook.usage.measured import ContainerOfPod, NamespaceUsage
from webhook.workloads.workload import Ref

MANIFEST = """\
# in front
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: web
        resources:
          requests: {cpu: 1} # a guess
          limits: {memory: 2Gi}
"""
WEB = Ref("Deployment", "shop", "web")
USAGE = week(measured("208m", "400m", "900Mi"), measured("180m", "300m", "800Mi"))


class Files:
    def __init__(self, folder: Path) -> None:
        self.manifest = folder / "web.yaml"
        self.usage = folder / "usage.json"
        self.manifest.write_text(MANIFEST)
        self.measured(USAGE)

    def measured(self, usage: NamespaceUsage) -> None:
        self.usage.write_bytes(as_json(usage))

    @property
    def flags(self) -> tuple[str, ...]:
        return ("recommend", "-f", str(self.manifest), "--usage", str(self.usage))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_one_line_a_container_with_the_reason(files: Files, run: Run) -> None:
    done = run(*files.flags)
    assert (done.code, done.err) == (0, "")
    header, row, total = done.out.splitlines()
    assert header.split("  ")[0] == "OWNER"
    assert [each.strip() for each in row.split("  ") if each.strip()] == [
        "deploy/web",
        "app",
        "1 -> 500m",
        "2Gi -> 1040Mi",
        "-/2Gi",
        "high 7d x2",
        "P95 208m of web-a, and 15 %: at most 50 % less in one run; peak of 900Mi of web-a on 14 Sep 02:26, and 15 %",
    ]
    assert total == "Saves 500m CPU and 1008Mi of requests."


def test_on_a_terminal_reasons_are_sentences(files: Files, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*files.flags).out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[2] == "  deploy/web app (high 7d x2): P95 208m of web-a, and 15 %: at most 50 % less in"
    assert lines[3].startswith("    one run; peak of 900Mi")


def test_flags_decide_about_margins(files: Files, run: Run) -> None:
    flags = ("--max-shrink=100", "--cpu-margin=2", "--memory-margin=1", "-o", "json")
    (row,) = json.loads(run(*files.flags, *flags).out)["recommendations"]
    assert row["to"] == {"requests": {"cpu": "420m", "memory": "912Mi"}}


def test_json_is_for_resize(files: Files, run: Run, tmp_path: Path) -> None:
    (tmp_path / "sizes.json").write_text(run(*files.flags, "-o", "json").out)
    assert [*read_sizes(str(tmp_path / "sizes.json"))] == [WEB]


def test_markdown_is_a_table(files: Files, run: Run) -> None:
    lines = run(*files.flags, "-o", "markdown").out.splitlines()
    assert lines[0].startswith("| OWNER | CONTAINER | CPU REQUEST |")
    assert lines[2].startswith(
        "| deploy/web | app | 1 -> 500m | 2Gi -> 1040Mi | -/2Gi | high 7d x2 | P95 208m"
    )
    assert lines[-1] == "Saves 500m CPU and 1008Mi of requests."


def test_manifests_get_the_sizes_and_then_nothing_is_to_change(files: Files, run: Run) -> None:
    flags = ("--max-shrink=100", "--write", "manifests")
    done = run(*files.flags, *flags)
    assert done.code == 0
    assert done.out.splitlines() == [
        f"{files.manifest}: 2 changes",
        "  deploy/web app: requests.cpu 1 -> 240m",
        "  deploy/web app: requests.memory - -> 1040Mi",
        "1 of 1 file written",
    ]
    assert files.manifest.read_text() == MANIFEST.replace(
        "{cpu: 1} # a guess", "{cpu: 240m, memory: 1040Mi} # a guess"
    )
    again = run(*files.flags, *flags, "--exit-code")
    assert (again.code, again.out) == (0, "0 of 1 file written\n")


def test_patch_is_one_document_an_owner(files: Files, run: Run) -> None:
    out = run(*files.flags, "--write", "patch").out
    assert out.startswith(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n"
    )
    assert "cpu: 500m\n" in out


def test_policy_says_what_has_no_effect(files: Files, run: Run) -> None:
    done = run(*files.flags, "--write", "policy")
    assert (done.code, done.out) == (0, "")
    assert [line.rpartition("Deployment shop/web: app: ")[2] for line in done.err.splitlines()] == [
        "requests.cpu: 500m is not written: the template sets it [no-effect]",
        f"requests.memory: 1040Mi is not written: {_LIMIT_ALONE} [no-effect]",
    ]


_LIMIT_ALONE = "the limit is the request too, because the template sets the limit alone"


def test_policy_of_an_open_template_lints(files: Files, run: Run, tmp_path: Path) -> None:
    files.manifest.write_text(MANIFEST[: MANIFEST.index("        resources:")])
    policy = tmp_path / "policy.yaml"
    policy.write_text(run(*files.flags, "--write", "policy").out)
    assert run("policies", "lint", str(policy)).code == 0
    policy.write_text(policy.read_text().replace("mode: Audit", "mode: Enforce"))
    mutated = run(
        "mutate", "-f", str(files.manifest), "-p", str(policy), "--builtin=off", "--no-annotate"
    ).out
    assert "cpu: 240m" in mutated
    assert "memory: 1040Mi" in mutated


def test_policy_of_an_image_that_owners_share_lints_and_is_for_both(
    files: Files, run: Run, tmp_path: Path
) -> None:
    web = MANIFEST[: MANIFEST.index("        resources:")]
    files.manifest.write_text(f"{web}---\n{web.replace('name: web', 'name: api')}")
    both = {**USAGE.containers, ContainerOfPod("api-a", "app"): measured("100m", "100m", "1Gi")}
    owners = {**USAGE.owners, "api-a": Ref("Deployment", "shop", "api")}
    files.measured(structs.replace(USAGE, containers=both, owners=owners))
    policy = tmp_path / "policy.yaml"
    done = run(*files.flags, "--write", "policy", "--by", "image")
    assert (done.code, done.err) == (0, "")
    policy.write_text(done.out)
    assert done.out.count("kind:") == 1
    assert run("policies", "lint", str(policy)).code == 0
    policy.write_text(done.out.replace("mode: Audit", "mode: Enforce"))
    named = "--namespace-labels=kubernetes.io/metadata.name=shop"  # as the API server sets it
    flags = ("-f", str(files.manifest), "-p", str(policy), "--builtin=off", "--no-annotate", named)
    assert run("mutate", *flags).out.count("cpu: 240m") == 2
    assert run(*files.flags, "--by", "image").code == 2


def test_policies_say_how_usage_becomes_a_size(files: Files, run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: WorkloadPolicy\nmetadata: {name: p, namespace: shop}\n"
        "spec: {recommend: {cpuMargin: '2', cpuQuantile: '0.5'}}\n"
    )
    done = run(*files.flags, "-p", str(policy), "--max-shrink=100", "-o", "json")
    (row,) = json.loads(done.out)["recommendations"]
    assert row["to"]["requests"]["cpu"] == "420m"
    assert row["why"]["cpu"]["detail"].startswith("P95 208m of web-a, and 100 %")  # the file has P95


@pytest.mark.parametrize(
    ("usage", "sentence"),
    [
        pytest.param(
            week(), "Not judged: 1 container (deploy/web: nothing was measured).", id="nothing measured"
        ),
        pytest.param(
            NamespaceUsage(namespace="other", window=USAGE.window),
            "has no object for namespace shop).",
            id="another namespace",
        ),
    ],
)
def test_an_empty_answer_is_no_recommendation(
    files: Files, run: Run, usage: NamespaceUsage, sentence: str
) -> None:
    files.measured(usage)
    done = run(*files.flags)
    assert done.code == 1
    assert "1 (stays)" in done.out
    assert done.out.rstrip().endswith(sentence)


def test_notes_of_the_source_are_told(files: Files, run: Run) -> None:
    files.measured(structs.replace(USAGE, notes=(Notice("usage-in-parts", "asked in 2 parts"),)))
    done = run(*files.flags)
    assert (done.code, done.err) == (0, "warning: shop: asked in 2 parts [usage-in-parts]\n")


def test_files_without_a_workload_are_an_error(files: Files, run: Run) -> None:
    files.manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    done = run(*files.flags)
    assert (done.code, done.out) == (2, "")
    assert "no workload found, so nothing is recommended" in done.err


def test_exit_code_says_whether_anything_is_to_change(files: Files, run: Run) -> None:
    assert run(*files.flags, "--exit-code").code == 1
    files.measured(week(measured("200m", first=BEGIN + 6 * DAY)))
    assert run(*files.flags, "--exit-code").code == 0


def test_templates_of_helm_are_refused(files: Files, run: Run) -> None:
    files.manifest.write_text(MANIFEST.replace("image: web", "image: {{ .Values.image }}"))
    done = run(*files.flags, "--write", "manifests")
    assert done.code == 2
    assert "render it first" in done.err
