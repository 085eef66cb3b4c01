"""Sizes written into manifests, and as patches of them."""

from __future__ import annotations

from pathlib import Path

from tests.recommend.weeks import advised, container, measured, owner, week
from tests.support.pods import yaml
from webhook.documents.files import read_file
from webhook.documents.yaml_edit import edited
from webhook.model.patch import operations
from webhook.recommend.rules import Rules
from webhook.recommend.to_manifests import patch, writes
from webhook.workloads.templates import manifests_of

MANIFEST = """\
# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # as in DNS
  namespace: shop
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - name: setup
        image: setup
      containers:
      - name: app
        image: web
        resources:
          requests:
            cpu: "1"       # a guess of 2021
            memory: 2Gi
          limits: {memory: 2Gi}
"""
FOUND = advised(
    week(measured("200m", "300m", "2Gi")),
    owner(container(("1",), ("2Gi", "2Gi"))),
    Rules(max_shrink=1000),
)


def test_a_file_keeps_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(MANIFEST)
    (document,) = read_file(str(file))
    (manifest,) = manifests_of(document.data)
    ops = operations(writes(manifest.template, [FOUND]), manifest.template, manifest.at)
    assert edited(document, ops) == MANIFEST.replace('cpu: "1"  ', "cpu: 230m  ").replace(
        "limits: {memory: 2Gi}", "limits: {memory: 2464Mi}"
    ).replace("memory: 2Gi\n          limits", "memory: 2368Mi\n          limits")


def test_what_the_manifest_says_already_is_not_written() -> None:
    text = MANIFEST.replace('"1"', "0.23").replace("2Gi\n          limits", "2368Mi\n          limits")
    (manifest,) = manifests_of(yaml(text))
    assert [each.path[-2:] for each in writes(manifest.template, [FOUND])] == [("limits", "memory")]
    (other,) = manifests_of(yaml(MANIFEST.replace("name: app", "name: other")))
    assert list(writes(other.template, [FOUND])) == []


def test_patch_names_object_and_container() -> None:
    assert patch(yaml(MANIFEST), [FOUND]) == yaml("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
      - name: app
        resources: {requests: {cpu: 230m, memory: 2368Mi}, limits: {memory: 2464Mi}}
""")


def test_patch_of_a_cron_job_is_deeper() -> None:
    template = yaml(MANIFEST)["spec"]["template"]
    obj = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "web"},
        "spec": {"jobTemplate": {"spec": {"template": template}}},
    }
    made = patch(obj, [FOUND])
    assert made
    assert made["metadata"] == {"name": "web"}
    assert [*made["spec"]["jobTemplate"]["spec"]["template"]["spec"]] == ["containers"]


def test_a_patch_changes_what_the_template_says_also_if_live_pods_have_it() -> None:
    resized = advised(week(measured()), owner(container(("230m",), ("464Mi",))))
    assert not resized.changes
    made = patch(yaml(MANIFEST), [resized])
    assert made
    (app,) = made["spec"]["template"]["spec"]["containers"]
    assert app["resources"] == {"requests": {"cpu": "230m", "memory": "464Mi"}}
    for unsure in (week(), week(measured("100m", memory="100Mi"), is_history=False)):
        stays = advised(unsure, owner(container(("230m",), ("464Mi",))))
        assert patch(yaml(MANIFEST), [stays]) is None


def test_what_the_template_says_already_is_no_patch() -> None:
    text = MANIFEST.replace('"1"', "230m").replace("{memory: 2Gi}", "{memory: 2464Mi}")
    assert patch(yaml(text.replace("memory: 2Gi\n", "memory: 2368Mi\n")), [FOUND]) is None
    assert patch({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, [FOUND]) is None
