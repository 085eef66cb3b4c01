"""The file of --from: what is read of it, and where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.resize.pods import planned, running
from webhook.cli.resize.sizes_file import read_sizes
from webhook.documents.problems import InvalidInputError
from webhook.resize.facts import Allowed, Facts
from webhook.resize.plan import plan
from webhook.workloads.workload import Ref

_OWNER = {"kind": "Deployment", "namespace": "shop", "name": "web"}
_TO = {"requests": {"cpu": "200m", "memory": "192Mi"}, "limits": {"memory": "256Mi"}}


def test_sizes_are_by_owner_and_container(tmp_path: Path) -> None:
    file = tmp_path / "sizes.json"
    file.write_text(
        json.dumps({"recommendations": [{"owner": _OWNER, "container": "app", "to": _TO, "new": 1}]})
    )
    sizes = read_sizes(str(file))
    assert [*sizes] == [Ref("Deployment", "shop", "web")]
    (wanted,) = sizes.values()
    (pod,) = plan([running()], wanted, Facts(), Allowed()).pods
    assert {str(field): str(value) for field, value in pod.after.items()} == {
        "app: requests.cpu": "200m",
        "app: requests.memory": "192Mi",
    }
    assert planned(running(), cpu="200m", memory="192Mi:256Mi").pods[0].changes == pod.changes


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param("[]", "recommendations", id="no mapping"),
        pytest.param("{recommendations: 1}", "must be a list", id="no list"),
        pytest.param("{recommendations: [1]}", "must be a mapping", id="a row that is none"),
        pytest.param("{recommendations: [{owner: {kind: Pod}}]}", "must be a string", id="half an owner"),
        pytest.param(
            "{recommendations: [{owner: {kind: A, namespace: b, name: c}, container: d, to: {other: {}}}]}",
            "must be requests or limits", id="another side",
        ),
        pytest.param(
            "{recommendations: [{owner: {kind: A, namespace: b, name: c}, container: d, to: {requests: {disk: 1}}}]}",
            "cannot be resized: only cpu and memory can", id="another resource",
        ),
        pytest.param(
            "{recommendations: [{owner: {kind: A, namespace: b, name: c}, container: d, to: {requests: {cpu: much}}}]}",
            "'much' is no size", id="no size",
        ),
    ],
)  # fmt: skip
def test_wrong(tmp_path: Path, document: str, message: str) -> None:
    file = tmp_path / "sizes.yaml"
    file.write_text(document)
    with pytest.raises(InvalidInputError, match=message) as raised:
        read_sizes(str(file))
    assert str(file) in str(raised.value)
