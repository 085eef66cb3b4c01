"""The custom resources: the API server refuses what `policies lint` refuses, and accepts what it accepts."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.policies.documents import HEAD
from tests.policies.test_compile import EVERY_FIELD
from tests.policies.test_kubernetes_types import REFUSED as REFUSED_TYPES
from tests.policies.test_scalars import REFUSED as REFUSED_SCALARS
from tests.policies.test_schema import REFUSED
from tests.support.pods import Json, yaml
from tests.support.processes import eventually
from tools.crds import FOLDER, definitions
from webhook.documents import yaml_tree
from webhook.documents.files import read_file
from webhook.policies.load import load
from webhook.policies.shipped import preset_names, preset_text

NAMESPACED = HEAD.replace("kind: Cluster", "kind: ").replace("p}", "p, namespace: default}")
TAKEN = {
    "every field": EVERY_FIELD,
    "nothing at all": f"{HEAD}  {{}}\n",
    "empty and null clauses": f"{HEAD}  match: {{workloadTypes: [], podSelector: {{}}, annotations: {{}}, images: null}}\n",
    "fields that are null": f"{HEAD}  {{mode: null, priority: null, match: null, nodeSelector: null, tolerations: null}}\n",
    "entries that are null": f"{HEAD}  {{nodeSelector: {{a: null}}, resizePolicy: {{cpu: null}}, match: {{annotations: {{a: null}}}}, exclude: null}}\n",
    "amounts that are null": f"{HEAD}  resources: {{limits: [{{type: Pod, default: null, min: {{cpu: null}}}}], qosClass: null}}\n",
    "a whole number with a point": f"{HEAD}  priority: 1.0\n",
    "amounts that are next to nothing": f"{HEAD}  resources: {{perDevice: {{cpu: '1e-99', memory: '0.0000000001'}}}}\n",
    "amounts past every cap": f"{HEAD}  resources: {{limits: [{{type: Pod, min: {{cpu: '1e20'}}, max: {{cpu: '1e21'}}}}]}}\n",
    "sends to arm64 what it matches there": f"{HEAD}  {{match: {{workloadTypes: [General, ARM64]}}, nodeSelector: {{kubernetes.io/arch: arm64}}}}\n",
    "images with domain and port": f"{HEAD}  match: {{images: ['registry:5000/team/*', '*/app', 'Registry/app']}}\n",
    "kinds of others": f"{HEAD}  match: {{ownerKinds: [Rollout, TaskRun]}}\n",
    "mode Off in quotes": f'{HEAD}  mode: "Off"\n',
    "its own namespace": f"{NAMESPACED}  match: {{podSelector: {{matchLabels: {{a: ''}}}}}}\n",
    "longest label key": f"{HEAD}  nodeSelector: {{{'a' * 250}.b/{'c' * 63}: {'d' * 63}}}\n",
    **{name: preset_text(name) for name in preset_names()},
}
# Valid at first sight. A CEL rule over an exponent of eleven digits takes the API server half a minute.
NOT_QUITE = [
    "{nosuch: null}",
    "{match: {workloadTypes: [General]}, nodeSelector: {beta.kubernetes.io/arch: arm64}}",
    "{match: {workloadTypes: [General, GPU]}, nodeSelector: {kubernetes.io/arch: arm64}}",
    "tolerations: [null]",
    "match: {images: [null]}",
    "{exclude: {workloadTypes: [ARM64]}, nodeSelector: {kubernetes.io/arch: arm64}}",
    "resources: {limits: [{type: null}]}",
    "resources: {limitFactor: {cpu: '0.9999'}}",
    "resources: {limitFactor: {cpu: 999999u}}",
    "resources: {limits: [{type: Pod, min: {cpu: '1.0002'}, max: {cpu: '1.0001'}}]}",
    "resources: {limits: [{type: Pod, min: {cpu: '1e20'}, max: {cpu: '1e19'}}]}",
    "resources: {limits: [{type: Pod, min: {cpu: '1e99999999999'}, max: {cpu: '1'}}]}",
    "resources: {limitFactor: {cpu: '1e99999999999'}}",
    "tolerations: [{key: a, effect: NoExecute, tolerationSeconds: 99999999999999999999}]",
]
# The API server drops unknown fields before it validates; with fieldValidation=Strict it refuses them.
DOCUMENTS = {
    **{f"takes {name}": (text, True) for name, text in TAKEN.items()},
    **{
        f"refuses {row[0][:80]}": (f"{HEAD}  {row[0]}\n", False)
        for row in (*REFUSED, *REFUSED_SCALARS, *REFUSED_TYPES)
    },
    "refuses a namespaceSelector on the namespaced kind": (
        f"{NAMESPACED}  match: {{namespaceSelector: {{matchLabels: {{a: b}}}}}}\n",
        False,
    ),
    **{f"refuses {spec}": (f"{HEAD}  {spec}\n", False) for spec in NOT_QUITE},
    "refuses a namespaceSelector in exclude on the namespaced kind": (
        f"{NAMESPACED}  exclude: {{namespaceSelector: {{matchLabels: {{a: b}}}}}}\n",
        False,
    ),
    "refuses an empty one too": (f"{NAMESPACED}  match: {{namespaceSelector: {{}}}}\n", False),
}


@pytest.fixture(scope="module")
def explained(crds: ControlPlane) -> ControlPlane:
    eventually("kubectl validates by the new schema", lambda: _explains(crds))
    return crds


def _explains(cluster: ControlPlane) -> bool:
    with suppress(KubectlError):
        return "perDevice" in cluster.kubectl("explain", "cwp.spec.resources")
    return False


@pytest.mark.parametrize(("text", "taken"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.usefixtures("explained")
def test_lint_and_api_server_agree(client: Client, tmp_path: Path, text: str, *, taken: bool) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    assert (load([str(file)]).problems == ()) is taken
    assert client.would_take(yaml(text)) is taken


def test_files_are_generated_from_the_models() -> None:
    for name, definition in definitions().items():
        (document,) = read_file(str(FOLDER / name))
        assert document.data == yaml_tree.load(json.dumps(definition)), "run make generate"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("clusterworkloadpolicy", "A ClusterWorkloadPolicy sets what Pods in all namespaces leave unset."),
        ("cwp.spec", "Which Pods the policy applies to, and what it sets."),
        ("wp.spec.mode", "Enforce changes Pods, Audit only reports what would change, Off does nothing."),
        ("cwp.spec.resources.limits", "Limits for containers without one."),
        ("cwp.spec.resizePolicy", "How containers without a resizePolicy handle"),
    ],
)
def test_explain_teaches(explained: ControlPlane, field: str, words: str) -> None:
    explanation = explained.kubectl("explain", field)
    assert words in " ".join(explanation.split())


def test_no_field_is_without_description(crds: ControlPlane) -> None:  # noqa: ARG001 (together with the others)
    for definition in definitions().values():
        spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        assert list(_undescribed(spec, "spec")) == []


def _undescribed(schema: Json, path: str) -> list[str]:
    missing = []
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("description") and path.rpartition(".")[2] != "resizePolicy":
            missing.append(f"{path}.{name}")
        missing += _undescribed(inner, f"{path}.{name}")
    return missing + (_undescribed(schema["items"], path) if "items" in schema else [])
