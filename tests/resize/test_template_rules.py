"""When a template is not changed without a rollout."""

from __future__ import annotations

import pytest

from tests.resize.owners import NEW, OLD, held, owner, paused, replica_set, values, written_by
from tests.support.pods import Json
from webhook.resize.in_step import State
from webhook.resize.template_rules import Case, refusals

_MEMORY = (
    *("f:spec", "f:template", "f:spec", "f:containers"),
    'k:{"name":"app"}',
    "f:resources",
    "f:limits",
    "f:memory",
)
_JOB = ("f:spec", "f:jobTemplate", *_MEMORY)


def _noted(kind: str = "Deployment", **metadata: object) -> Json:
    made = owner(kind)
    made["metadata"] |= metadata
    return made


def _written(manager: str, *path: str, kind: str = "Deployment") -> Json:
    return _noted(kind, managedFields=[written_by(manager, *(path or _MEMORY))])


def _owned(kind: str, *, controller: bool = True) -> Json:
    return _noted(ownerReferences=[{"kind": kind, "name": "shop", "uid": "u", "controller": controller}])


def _names(kind: str, obj: Json, *children: Json, is_own: bool = False) -> list[str]:
    state = State(kind=kind, owner=obj, children=children)
    return [each.reason for each in refusals(Case(state=state, values=values(), is_own=is_own))]


_CURRENT = replica_set("a", pods=3, revision=2)


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        pytest.param("Deployment", owner("Deployment"), id="complete"),
        pytest.param("Deployment", paused(NEW), id="paused by an unfinished run"),
        pytest.param("Deployment", paused(NEW, updatedReplicas=0), id="that its controller has seen"),
        pytest.param("StatefulSet", owner("StatefulSet"), id="statefulset"),
        pytest.param("StatefulSet", held("StatefulSet", NEW, updateRevision="web-3"), id="held"),
        pytest.param("StatefulSet", owner("StatefulSet", status={"updateRevision": "web-3"}, updateStrategy={"type": "OnDelete"}), id="replaced by hand"),
        pytest.param("DaemonSet", owner("DaemonSet"), id="daemonset"),
        *(pytest.param(kind, owner(kind), id=kind) for kind in ("CronJob", "ReplicaSet", "ReplicationController")),
        pytest.param("Deployment", _written("kubectl-client-side-apply"), id="written by kubectl apply"),
        pytest.param("Deployment", _written("kubectl"), id="written by server-side apply"),
        pytest.param("Deployment", _written("podtailor-resize"), id="written by an earlier run"),
        pytest.param("Deployment", _written("terraform", "f:spec", "f:replicas"), id="another field written by a program"),
        pytest.param("Deployment", _owned("Shop", controller=False), id="owned, but not controlled"),
    ],
)  # fmt: skip
def test_leaves_templates_to_be_changed(kind: str, obj: Json) -> None:
    assert _names(kind, obj, _CURRENT) == []


_WRITER = "template-has-another-writer"


@pytest.mark.parametrize(
    ("kind", "obj", "reason"),
    [
        pytest.param("Job", owner("Job"), "template-immutable", id="job"),
        pytest.param("CloneSet.apps.kruise.io", {"metadata": {}}, "unknown-controller", id="custom kind"),
        pytest.param("Deployment", _noted(annotations={"argocd.argoproj.io/tracking-id": "shop:web"}), _WRITER, id="argo cd"),
        pytest.param("Deployment", _noted(labels={"kustomize.toolkit.fluxcd.io/name": "shop"}), _WRITER, id="flux"),
        pytest.param("Deployment", _noted(labels={"helm.toolkit.fluxcd.io/name": "shop"}), _WRITER, id="flux with helm"),
        pytest.param("Deployment", _noted(annotations={"meta.helm.sh/release-name": "shop"}), _WRITER, id="helm"),
        pytest.param("Deployment", _written("terraform"), _WRITER, id="written by a program"),
        pytest.param("CronJob", _written("terraform", *_JOB[:2], *_MEMORY, kind="CronJob"), _WRITER, id="cronjob written by a program"),
        pytest.param("Deployment", _owned("Shop"), _WRITER, id="operator"),
        pytest.param("Deployment", owner("Deployment", status={"updatedReplicas": 1}), "rollout", id="rollout"),
        pytest.param("Deployment", owner("Deployment", status={"observedGeneration": 1}), "rollout", id="not seen"),
        pytest.param("StatefulSet", owner("StatefulSet", status={"updateRevision": "web-3"}, updateStrategy={"rollingUpdate": {"partition": 3}}), "rollout", id="partition"),
        pytest.param("Deployment", paused(OLD, "kubectl-rollout"), "template-paused", id="paused"),
    ],
)  # fmt: skip
def test_refuses(kind: str, obj: Json, reason: str) -> None:
    assert _names(kind, obj, _CURRENT) == [reason]
    assert (_names(kind, obj, _CURRENT, is_own=True) == []) is (reason == _WRITER)


def test_refuses_several_replica_sets_with_pods() -> None:
    assert _names("Deployment", owner("Deployment"), _CURRENT, replica_set("b", pods=1)) == ["rollout"]


def test_refuses_the_template_of_an_earlier_replica_set() -> None:
    """Its controller would move all Pods there."""
    earlier = replica_set("before", NEW)
    assert _names("Deployment", owner("Deployment"), _CURRENT, earlier) == ["template-of-an-earlier-revision"]
    assert (
        _names("Deployment", owner("Deployment"), _CURRENT, replica_set("before", NEW, image="app:0")) == []
    )


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_what_a_built_in_controller_makes_is_resized_by_its_name(kind: str) -> None:
    """Also if its user owns the template: the controller would begin a rollout."""
    assert _names("ReplicaSet", _owned(kind), is_own=True) == [_WRITER]
