"""The roles of the component `resizer`: enough to resize, and what is said without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import NamedTuple

import pytest
from kubernetes.client import ApiException

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.resize.conftest import Done, Space
from tests.e2e.resize.ended import refusing
from tests.resize.pods import SIZED
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.cli import app
from webhook.cluster import request
from webhook.model.names import OWN_NAMESPACE

ROLES = "manifests/components/resizer/roles.yaml"


class Person(NamedTuple):
    """A ServiceAccount, and a Deployment of two Pods in a namespace."""

    space: Space
    name: str
    kubeconfig: Path

    def bind(self, role: str, *, everywhere: bool = False) -> None:
        where = ("clusterrolebinding",) if everywhere else ("rolebinding", f"--namespace={self.space.name}")
        account = f"--serviceaccount={OWN_NAMESPACE}:{self.name}"
        self.space.cluster.kubectl("create", *where, f"{self.name}-{role}", f"--clusterrole={role}", account)

    def resize(self, *words: str) -> Done:
        command = [*self.space.command("deployment/web", *words), f"--kubeconfig={self.kubeconfig}"]
        done = run(command, capture_output=True, text=True, check=False, timeout=300)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def roles(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.apply("-f", "manifests/base/namespace.yaml")
    cluster.apply("-f", ROLES)
    yield cluster
    cluster.kubectl("delete", "-f", ROLES)
    cluster.kubectl("delete", "namespace", OWN_NAMESPACE)


@pytest.fixture
def person(roles: ControlPlane, space: Space, tmp_path: Path) -> Iterator[Person]:
    space.deploy("web", 2, pod(container=SIZED))
    name = f"of-{space.name}"
    roles.kubectl("create", "serviceaccount", name, f"--namespace={OWN_NAMESPACE}")
    yield Person(space, name, roles.account(name, tmp_path))
    everywhere = f"clusterrolebinding/{name}-podtailor-node-reader"
    roles.kubectl("delete", everywhere, f"clusterrole/half-{name}", "--ignore-not-found")


def test_the_roles_are_enough(person: Person) -> None:
    person.bind("podtailor-resizer")
    person.bind("podtailor-node-reader", everywhere=True)
    eventually("the roles are in force", lambda: "cannot" not in person.resize("--cpu=150m").err)
    done = person.resize("--cpu=200m", "--settle=0", "--apply", "-o", "json")
    assert (done.code, done.err) == (0, "")
    assert [each["result"] for each in done.data["pods"]] == ["resized", "resized"]
    assert {*person.space.cpu().values()} == {"200m"}
    events = person.space.cluster.kubectl_json(
        "get", "events.events.k8s.io", f"--namespace={person.space.name}"
    )
    told = [
        each["reason"] for each in events["items"] if each.get("reportingController") == "podtailor.dev/cli"
    ]
    assert told == ["Resized"] * 3, "for two Pods and their owner"


def test_templates_are_kept_in_step_with_one_more(person: Person) -> None:
    person.bind("podtailor-resizer")
    person.bind("podtailor-template-resizer")
    eventually(
        "the roles are in force",
        lambda: person.resize("--cpu=150m", "--template=in-step").code == 0,
    )
    done = person.resize("--cpu=200m", "--template=in-step", "--settle=0", "--apply", "-o", "json")
    assert (done.code, done.data["template"]["state"]) == (0, "in-step")


def test_the_template_is_refused_before_a_pod_is_resized(person: Person) -> None:
    """Also if only the ReplicaSet may not be changed."""
    person.bind("podtailor-resizer")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"half-{person.name}"},
        "rules": [
            {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]},
        ],
    }  # fmt: skip
    person.space.cluster.kubectl("create", "-f", "-", stdin=json.dumps(role))
    person.bind(f"half-{person.name}")
    done = eventually(
        "the roles are in force",
        lambda: (
            found
            if "replicasets"
            in (found := person.resize("--cpu=150m", "--template=in-step", "--apply", "-o", "json")).out
            else None
        ),
    )
    assert done.code == 1
    assert [each["name"] for each in done.data["template"]["refusals"]] == ["template-refused"]
    assert {*person.space.cpu().values()} == {"100m"}


def test_events_that_cannot_be_written_are_a_warning(
    space: Space, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    space.run(pod(metadata="{name: app}", container=SIZED))
    words = ["pod/app", "--settle=0", "--apply", f"--namespace={space.name}"]
    words += [f"--kubeconfig={space.cluster.kubeconfig}"]

    def resized(cpu: str, error: ApiException) -> str:
        fails = refusing(lambda _, path, __: error if path.endswith("/events") else None)
        with monkeypatch.context() as patched:
            patched.setattr(request, "call", fails)
            with pytest.raises(SystemExit) as ended:
                app(["resize", *words, f"--cpu={cpu}"])
        assert ended.value.code == 0
        assert space.cpu() == {"app": cpu}
        return capsys.readouterr().err

    err = resized("150m", ApiException(500, "a fault"))
    assert err == "warning: not all Events about it were written: events: 500 a fault [events-missing]\n"
    assert resized("200m", ApiException(403, "not you")) == ""


def test_without_a_look_at_nodes_it_says_so(person: Person) -> None:
    person.bind("podtailor-resizer")
    eventually("the role is in force", lambda: "cannot" not in person.resize("--cpu=150m").err)
    done = person.resize("--cpu=200m")
    assert done.code == 0
    assert done.err.startswith("warning: you may not read nodes: their room and their version are unknown")


def test_edit_may_not_resize(person: Person) -> None:
    """Nor may any other of Kubernetes' own roles."""
    person.bind("edit")
    done = eventually(
        "the role is in force",
        lambda: (
            found if '"pods/resize"' in (found := person.resize("--cpu=150m", "--with-hpa")).err else None
        ),
    )
    assert done.code == 2
    assert f"--clusterrole=podtailor-resizer --serviceaccount={OWN_NAMESPACE}:{person.name}" in done.err
    assert {*person.space.cpu().values()} == {"100m"}


def test_what_scales_is_to_be_known(person: Person) -> None:
    """Without a look at autoscalers nothing is changed."""
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"half-{person.name}"},
        "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["pods/resize"], "verbs": ["patch"]},
            {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["list"]},
        ],
    }
    person.space.cluster.kubectl("create", "-f", "-", stdin=json.dumps(role))
    person.bind(f"half-{person.name}")
    done = eventually(
        "the role is in force",
        lambda: found if (found := person.resize("--cpu=150m", "--apply", "-o", "json")).code != 2 else None,
    )
    assert done.code == 1
    assert [each["name"] for each in done.data["refusals"]] == ["unknown-autoscalers"]
    assert {*person.space.cpu().values()} == {"100m"}
