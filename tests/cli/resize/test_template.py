"""What is said of a template beside its resized Pods."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi, fake_cluster
from tests.resize.owners import owner
from tests.resize.pods import running, sizes
from webhook.cli.resize.template import TemplateOptions, TemplateWork
from webhook.resize.owners import read_owner
from webhook.resize.plan import Plan, sized
from webhook.resize.template import TemplateMode

__all__ = ["fake_cluster"]
_NONE: dict[str, Any] = {"metadata": {}, "items": []}


def test_a_template_that_agrees_only_in_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier resize has left its memory behind."""
    obj = owner("Deployment")
    has = {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}
    obj["spec"]["template"]["spec"]["containers"][0]["resources"] = has
    grown = "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}"
    wanted: Any = {"app": sizes(cpu="200m")}
    work = TemplateWork(
        None,  # type: ignore[arg-type] # nothing is asked of it
        read_owner("Deployment", msgspec.json.encode(obj)),
        TemplateOptions(),
    )
    work.plan(Plan(pods=(sized(running(container=grown), wanted),)), wanted)
    work.show(has_run=True, is_of_use=True)
    assert capsys.readouterr().out == (
        "Template: new Pods of deployment/web have these values too\n"
        "Template: app: limits.memory still differs: Pods 256Mi, template 128Mi\n"
    )
    assert work.as_data()["differs"] == [
        {"container": "app", "field": "limits.memory", "pods": ("256Mi",), "template": "128Mi"}
    ]


def test_a_refusal_names_the_role_that_allows_it(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.lists = {"web": owner("Deployment"), "replicasets": _NONE, "pods": _NONE}
    words = 'User "amy" cannot patch resource "deployments" in API group "apps" in the namespace "shop"'
    fake.respond({"message": f"deployments.apps is forbidden: {words}"}, status=403)
    work = TemplateWork(
        api,
        read_owner("Deployment", msgspec.json.encode(owner("Deployment"))),
        TemplateOptions(mode=TemplateMode.IN_STEP),
    )
    wanted: Any = {"app": sizes(cpu="200m")}
    work.plan(Plan(pods=(sized(running(), wanted),)), wanted)
    (refusal,) = work.as_data()["refusals"]
    assert refusal["name"] == "template-refused"
    assert refusal["message"].endswith("; the ClusterRole podtailor-template-resizer allows it")
