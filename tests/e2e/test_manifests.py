"""Manifests, chart, alerts and dashboard, by the tools that read them: kubectl, helm and promtool."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.controlplane.build import binary
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.definitions import CERT_MANAGER, PROMETHEUS, install
from tests.e2e.webhook import Webhook
from tests.support.commands import podtailor
from tests.support.pods import Json, yaml
from tests.support.processes import eventually
from tests.support.server import Server
from webhook import __version__
from webhook.policies.load import load_or_raise

CHART = Path("charts/podtailor")
COMPONENTS = Path("manifests/components").resolve()
MONITORING = COMPONENTS / "monitoring"
ALERTS = Path(__file__).parent / "alerts.yaml"
# Labels that say which of the two made an object.
MAKER = re.compile(r"app\.kubernetes\.io/(managed-by|part-of)|helm\.sh/.*")

WAYS = {
    "audit": (["overlays/audit"], [], ["mode=Audit"]),
    "opt-in": (["overlays/opt-in"], [], ["scope=opt-in"]),
    "cluster-wide": (["overlays/cluster-wide"], [], []),
    "fail closed": (["overlays/fail-closed"], [], ["failurePolicy=Fail", "--is-upgrade"]),
    "fail closed, as Argo CD renders it": (
        ["overlays/fail-closed"],
        [],
        ["failurePolicy=Fail", "refusePodsUntilReady=true"],
    ),
    "with all that can be added": (
        ["overlays/cluster-wide"],
        ["audit-cronjob", "images-cronjob", "monitoring", "network-policy", "recommend-cronjob", "resizer"],
        [
            "auditReports=true", "monitoring=true", "networkPolicy=true", "resizer=true",
            "imagePlatforms=true",
            "recommendFrom=http://prometheus-operated.monitoring:9090",
        ],
    ),
    "with the values of an older chart": (
        ["overlays/cluster-wide"],
        [],
        ["builtin=null", "presets=null", "policies=null"],
    ),
    "with cert-manager": (
        ["base"],
        ["cert-manager", "cluster-source", "events", "status"],
        ["certificates.from=cert-manager"],
    ),
    "without the cluster": (["base"], ["certificates"], ["clusterSource=false"]),
    "with nothing of the API server": (
        ["base"], ["cert-manager"], ["clusterSource=false", "certificates.from=cert-manager"]),
}  # fmt: skip


def _run(tool: str, *words: str | Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [binary(tool), *words], input=stdin, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _kustomized(folder: Path, resources: list[str], components: list[str]) -> list[Json]:
    """As `kubectl apply -k` would send it, of a kustomization that somebody wrote beside ours."""
    root = os.path.relpath("manifests", folder)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{root}/{each}" for each in resources],
        "components": [f"{root}/components/{each}" for each in components],
        "images": [{"name": "podtailor", "newName": "podtailor", "newTag": __version__}],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
    return _documents(_run("kubectl", "kustomize", folder))


def _charted(*values: str) -> list[Json]:
    words = [word for value in values for word in ([value] if value[0] == "-" else ["--set", value])]
    if not {"--is-upgrade", "clusterSource=false"} & {*values}:  # an upgrade has the CRDs from templates
        words.append("--include-crds")
    return _documents(
        _run("helm", "template", "podtailor", CHART, "-n", "podtailor-system", "--no-hooks", *words)
    )


def _documents(text: str) -> list[Json]:
    return [yaml(each) for each in re.split(r"(?m)^---\n", text) if "kind:" in each]


def _compared(objects: list[Json]) -> dict[str, Json]:
    """By kind and name, without who made them."""
    found = {}
    for each in objects:
        metadata = each["metadata"]
        labels = {key: value for key, value in metadata.pop("labels", {}).items() if not MAKER.fullmatch(key)}
        for key in ("helm.sh/resource-policy", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"):
            (metadata.get("annotations") or {}).pop(key, None)
        if not metadata.get("annotations"):
            metadata.pop("annotations", None)
        for container in _containers(each):
            container.pop("imagePullPolicy", None)  # IfNotPresent is what a tag means
        found[f"{each['kind']} {metadata['name']}"] = {**each, "labels": labels}
    return found


def _containers(obj: Json) -> Iterator[Any]:
    spec = obj.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
    yield from template.get("spec", {}).get("containers", ())


@pytest.mark.parametrize(("resources", "components", "values"), WAYS.values(), ids=WAYS)
def test_chart_and_kustomize_make_the_same(
    tmp_path: Path, resources: list[str], components: list[str], values: list[str]
) -> None:
    kustomized = _compared(_kustomized(tmp_path, resources, components))
    charted = _compared(_charted(*values))
    kustomized.pop("Namespace podtailor-system")  # helm makes it: --create-namespace
    assert sorted(charted) == sorted(kustomized)
    assert charted == kustomized


VALUES = """
builtin: off # false, for YAML
presets: [mongodb, redis]
args: [--log-level=warning]
policies:
  inference:
    priority: 100
    match: {workloadTypes: [GPU]}
    resources: {perDevice: {cpu: "4", memory: 16Gi}}
  shop/small:
    resources: {limits: [{type: Container, defaultRequest: {cpu: 50m, memory: 64Mi}}]}
"""


def test_values_choose_policies(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(VALUES)
    objects = _charted(f"--values={tmp_path}/values.yaml")
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")
    (container,) = _containers(deployment)
    chosen = ["--builtin=off", "--preset=mongodb", "--preset=redis", "--log-level=warning"]
    assert container["args"][-4:] == chosen, "args come last, and so override"
    policies = [each for each in objects if each["kind"].endswith("WorkloadPolicy")]
    assert [(each["kind"], each["metadata"].get("namespace")) for each in policies] == [
        ("ClusterWorkloadPolicy", None),
        ("WorkloadPolicy", "shop"),
    ]
    (tmp_path / "policies.json").write_text("\n".join(map(json.dumps, policies)))
    loaded = load_or_raise([str(tmp_path / "policies.json")])
    assert [policy.name for policy in loaded] == ["inference", "small"]


def test_values_of_the_pages_are_values(tmp_path: Path) -> None:
    (values,) = re.findall(r"```yaml\n(builtin: .*?)```", Path("docs/install.md").read_text(), re.DOTALL)
    (tmp_path / "values.yaml").write_text(values)
    kinds = [each["kind"] for each in _charted(f"--values={tmp_path}/values.yaml")]
    assert {"ClusterWorkloadPolicy", "WorkloadPolicy"} <= {*kinds}


def test_no_token_is_mounted_where_nobody_speaks_with_the_api_server(tmp_path: Path) -> None:
    objects = _compared(_kustomized(tmp_path, *WAYS["with nothing of the API server"][:2]))
    assert (
        objects["Deployment podtailor"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    )
    assert not [name for name in objects if "Role" in name]


def test_chart_is_well() -> None:
    _run("helm", "lint", "--strict", "--namespace=podtailor-system", CHART)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--namespace=default"], "must be installed in the namespace podtailor-system"),
        (["--namespace=podtailor-system", "--set=failurePolicy=Fail"], "Fail is a second step"),
        (["--namespace=podtailor-system", "--set=failurePolicy=Fail"], "refusePodsUntilReady=true"),
        (["--namespace=podtailor-system", "--set=scope=everywhere"], "'cluster-wide', 'opt-in'"),
        (["--namespace=podtailor-system", "--set=certificate.from=x"], "additional properties 'certificate'"),
        (["--namespace=podtailor-system", "--set=certificates.from=secret"], "certificates.caBundle is required"),
        (["--namespace=podtailor-system", "--set=builtin=of"], "'safe', 'strict', 'off'"),
        (["--namespace=podtailor-system", "--set=presets={mongo}"], "'mongodb'"),
        (["--namespace=podtailor-system", "--set=policies.a.natch=x"], "additional properties 'natch'"),
        (["--namespace=podtailor-system", "--set=policies.a.priority=1001"], "'/policies/a/priority'"),
        (["--namespace=podtailor-system", "--set=policies.A.mode=Audit"], "additional properties 'A'"),
        (["--namespace=podtailor-system", "--set=policies.a.mode=Audit,clusterSource=false"], "policies need clusterSource"),
    ],
)  # fmt: skip
def test_chart_says_what_is_wrong(words: list[str], said: str) -> None:
    command: list[str | Path] = [binary("helm"), "template", "podtailor", CHART, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert said in done.stderr


def test_own_pods_pass_the_own_audit(tmp_path: Path) -> None:
    """As if they were anybody's."""
    objects = _kustomized(tmp_path, ["overlays/cluster-wide"], ["images-cronjob", "recommend-cronjob"])
    elsewhere = json.loads(json.dumps(objects).replace("podtailor-system", "elsewhere"))
    (tmp_path / "list.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": elsewhere}))
    done = podtailor("audit", "-f", str(tmp_path / "list.json"), "-o", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["owner"]["kind"]: line["finding"] for line in lines if "owner" in line} == {
        "Deployment": "pass",
        "CronJob": "pass",
    }, done.stderr


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The alerts as Prometheus reads them."""
    file = tmp_path_factory.mktemp("rules") / "rules.json"
    file.write_text(json.dumps(yaml((MONITORING / "prometheusrule.yaml").read_text())["spec"]))
    return file


def _alerts(rules: Path) -> list[Json]:
    return [rule for group in json.loads(rules.read_text())["groups"] for rule in group["rules"]]


def test_alerts_fire_when_they_should(rules: Path, tmp_path: Path) -> None:
    tests = yaml(ALERTS.read_text())
    tested = {each["alertname"] for test in tests["tests"] for each in test["alert_rule_test"]}
    assert tested == {rule["alert"] for rule in _alerts(rules)}
    (tmp_path / "tests.json").write_text(json.dumps({**tests, "rule_files": [str(rules)]}))
    print(_run("promtool", "test", "rules", tmp_path / "tests.json"))


def test_alerts_lead_to_what_to_do(rules: Path) -> None:
    for rule in _alerts(rules):
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        titles = re.findall(r"(?m)^#+ (.+)$", Path(page).read_text())
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def _queries(rules: Path) -> list[str]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*panels, *(rule["expr"] for rule in _alerts(rules))]


@pytest.fixture
def failed(cluster: ControlPlane) -> Iterator[None]:
    """The API server counts failed calls from the first one on: a webhook that nobody answers for."""
    (shipped,) = yaml(Path("manifests/base/mutatingwebhookconfiguration.yaml").read_text())["webhooks"]
    nobody = {"url": "https://127.0.0.1:1/"}
    only = {"matchLabels": {"kubernetes.io/metadata.name": cluster.create_namespace("nobody-answers")}}
    webhooks = [
        {**shipped, "name": f"{policy.lower()}.podtailor.dev", "failurePolicy": policy,
         "clientConfig": nobody, "namespaceSelector": only}
        for policy in ("Ignore", "Fail")
    ]  # fmt: skip
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    configuration = {**kind, "metadata": {"name": "nobody"}, "webhooks": webhooks}
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(configuration))
    eventually("Pods are refused", lambda: _is_refused(cluster))
    yield
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "nobody")


def _is_refused(cluster: ControlPlane) -> bool:
    try:
        cluster.kubectl("run", "x", "--image=x", "--namespace=nobody-answers", "--dry-run=server")
    except KubectlError as refusal:
        return "fail.podtailor.dev" in str(refusal)
    return False


@pytest.mark.usefixtures("failed")
@pytest.mark.lets_pods_through
def test_queries_ask_for_what_is_exposed(
    rules: Path, cluster: ControlPlane, webhook: Webhook, tmp_path: Path
) -> None:
    ours = webhook.health("/metrics")[1]
    _run("promtool", "check", "metrics", stdin=ours)
    theirs = str(cluster.get("/metrics"))
    exposed = set(re.findall(r"(?m)^# TYPE (\w+) ", f"{ours}\n{theirs}"))
    names = {f"{name}{suffix}" for name in exposed for suffix in ("", "_bucket")}
    queries = _queries(rules)
    asked = {name for query in queries for name in re.findall(r"\b(\w+_\w+)(?=[{\[) <>-]|$)", query)}
    # Prometheus' own functions and variables; and what only an installed server says.
    assert asked - names - {"histogram_quantile"} == {"podtailor_ca_bundle_current"}
    recorded = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    (tmp_path / "queries.json").write_text(json.dumps({"groups": [{"name": "queries", "rules": recorded}]}))
    _run("promtool", "check", "rules", "--lint=none", tmp_path / "queries.json")


def test_server_looks_at_itself(webhook: Server) -> None:
    assert webhook.metric("process_resident_memory_bytes") > 10_000_000


@pytest.mark.parametrize(
    ("component", "others"),
    [("cert-manager", CERT_MANAGER), ("monitoring", PROMETHEUS)],
    ids=lambda value: value[0],
)
def test_objects_of_others_are_as_they_define_them(
    cluster: ControlPlane, tmp_path: Path, component: str, others: tuple[str, str, str]
) -> None:
    """By the schemas that cert-manager and the Prometheus operator publish."""
    cluster.apply("-f", "manifests/base/namespace.yaml")
    files = install(cluster, *others)
    own = [
        each
        for each in _kustomized(tmp_path, ["base"], [component])
        if "coreos" in each["apiVersion"] or "cert-manager" in each["apiVersion"]
    ]
    assert len(own) > 1
    listed = {"apiVersion": "v1", "kind": "List", "items": own}
    words = ("create", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", "-")
    assert cluster.kubectl(*words, stdin=json.dumps(listed)).count("created") == len(own)
    # An API server that has only begun to store such objects tries again minutes later to find that there is none.
    cluster.kubectl("delete", "--wait=false", *(f"--filename={file}" for file in files))


def test_autoscaler_of_the_pages_is_one(cluster: ControlPlane) -> None:
    cluster.apply("-f", "manifests/base/namespace.yaml")
    (autoscaler,) = re.findall(
        r"```yaml\n(apiVersion: autoscaling.*?)```", Path("docs/install.md").read_text(), re.DOTALL
    )
    cluster.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=autoscaler)
