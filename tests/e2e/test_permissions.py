"""Commands under the roles that docs/security.md names, and under less."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from certs.files import issue_to
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.commands import podtailor
from tests.support.processes import eventually
from webhook.model.names import OWN_NAMESPACE

PAGE = Path("docs/security.md")
# A policy of each kind: `models`, and `models` of the namespace `mine`.
OWN = "tests/e2e/own-policies.yaml"
CERTIFICATE = "podtailor-webhook-tls"
GROUPS = {
    "apps": {"daemonsets", "deployments", "replicasets", "statefulsets"},
    "batch": {"cronjobs", "jobs"},
    "autoscaling": {"horizontalpodautoscalers"},
    "autoscaling.k8s.io": {"verticalpodautoscalers"},
    "node.k8s.io": {"runtimeclasses"},
    "admissionregistration.k8s.io": {
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
    },
    "podtailor.dev": {"clusterworkloadpolicies", "workloadpolicies"},
}
Rights = frozenset[tuple[str, str]]


class Row(NamedTuple):
    command: str
    cluster: Rights
    namespaced: Rights
    code: int
    """The exit code for a user of one namespace."""


def _rows() -> Iterator[Row]:
    for line in PAGE.read_text().partition("What each command asks")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            code = int(cells[3].removeprefix("exit code ")[0])
            yield Row(cells[0].strip("` "), _rights(cells[1]), _rights(cells[2]), code)


def _rights(cell: str) -> Rights:
    """Of `get pods; list deployments, jobs`, or `nothing`."""
    if cell == "nothing":
        return frozenset()
    parts = (part.strip().partition(" ") for part in cell.rstrip(" |").split(";"))
    return frozenset((verb, name.strip()) for verb, _, names in parts for name in names.split(","))


@pytest.fixture(scope="module")
def installed(crds: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A namespace `mine` with a Deployment that came before podtailor; of podtailor, what is read of it."""
    folder = tmp_path_factory.mktemp("certificates")
    crds.apply("-f", "manifests/base/namespace.yaml")
    crds.apply("-f", "manifests/components/cluster-source/rbac.yaml")
    crds.apply("-f", "manifests/components/cluster-source/readers.yaml")
    crds.create_namespace("mine")
    crds.kubectl("create", "deployment", "web", "--image=example.com/web:1", "--namespace=mine")
    crds.kubectl("wait", "--for=condition=Available", "deployment/web", "--namespace=mine", "--timeout=60s")
    crds.apply("-f", OWN)
    # Nobody answers: what is asked of the API server does not depend on it.
    crds.apply("-f", "manifests/base/mutatingwebhookconfiguration.yaml")
    container = {
        "name": "webhook",
        "image": "example.com/podtailor",
        "args": ["serve", f"--tls-secret={CERTIFICATE}"],
    }
    labels = {"app": "podtailor"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment",
                  "metadata": {"name": "podtailor", "namespace": OWN_NAMESPACE},
                  "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}}  # fmt: skip
    crds.kubectl("create", "-f", "-", stdin=json.dumps(deployment))
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(days=1))
    crds.kubectl("create", "secret", "generic", CERTIFICATE, f"--namespace={OWN_NAMESPACE}",
                 f"--from-file={folder}")  # fmt: skip
    yield crds
    crds.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    crds.kubectl("delete", "-f", "manifests/components/cluster-source/rbac.yaml")
    crds.kubectl("delete", "-f", "manifests/components/cluster-source/readers.yaml")
    crds.kubectl("delete", "namespace", OWN_NAMESPACE, "mine")


class Person:
    """A ServiceAccount with a kubeconfig whose context is in the namespace `mine`."""

    def __init__(self, cluster: ControlPlane, name: str, folder: Path) -> None:
        self.cluster, self.name = cluster, name
        cluster.kubectl("create", "serviceaccount", name, f"--namespace={OWN_NAMESPACE}")
        self.kubeconfig = cluster.account(name, folder)
        config = json.loads(self.kubeconfig.read_text())
        config["contexts"][0]["context"]["namespace"] = "mine"
        self.kubeconfig.write_text(json.dumps(config))

    def bind(self, role: str, *where: str) -> None:
        """`where`: `--namespace=...`, or nothing for the whole cluster; back once it is in force."""
        kind = "rolebinding" if where else "clusterrolebinding"
        name, account = f"{self.name}-{role}", f"{OWN_NAMESPACE}:{self.name}"
        self.cluster.kubectl(
            "create", kind, name, f"--clusterrole={role}", f"--serviceaccount={account}", *where
        )
        rules = self.cluster.kubectl_json("get", "clusterrole", role)["rules"]
        last = next(rule for rule in rules if rule["resources"])
        group = f".{last['apiGroups'][0]}".rstrip(".")
        resource = f"{last['resources'][0].partition('/')[0]}{group}"
        name = f"/{last['resourceNames'][0]}" if "resourceNames" in last else ""
        may = (
            "auth",
            "can-i",
            last["verbs"][0],
            f"{resource}{name}",
            f"--as=system:serviceaccount:{account}",
        )
        everywhere = where or ("--all-namespaces",)
        eventually(f"{role} is in force", lambda: self._can(*may, *everywhere))

    def _can(self, *words: str) -> bool:
        command = ["kubectl", f"--kubeconfig={self.cluster.kubeconfig}", *words]
        done = subprocess.run(
            command,
            env={**os.environ, "PATH": self.cluster.path},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.startswith("yes")

    def run(self, command: str) -> CompletedProcess[str]:
        return podtailor(*command.split(), f"--kubeconfig={self.kubeconfig}")

    def asked(self) -> dict[int, set[tuple[str, str]]]:
        """What was asked for, by how it was answered."""
        by_code: dict[int, set[tuple[str, str]]] = {}
        for verb, resource, code in self.cluster.asked_by(
            f"system:serviceaccount:{OWN_NAMESPACE}:{self.name}"
        ):
            if resource:  # everybody may ask for the version
                by_code.setdefault(code, set()).add((verb, resource))
        return by_code


def _role(cluster: ControlPlane, name: str, rights: Rights) -> str:
    rules = [
        {"apiGroups": [next((group for group, of in GROUPS.items() if resource in of), "")],
         "resources": [resource], "verbs": [verb]}
        for verb, resource in sorted(rights)
    ]  # fmt: skip
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    cluster.kubectl("create", "-f", "-", stdin=json.dumps({**role, "rules": rules}))
    return name


@pytest.mark.parametrize("row", [*_rows()], ids=lambda row: row.command)
def test_command_needs_what_the_page_says(installed: ControlPlane, tmp_path: Path, row: Row) -> None:
    number = [each.command for each in _rows()].index(row.command)
    person = Person(installed, f"exact-{number}", tmp_path)
    is_whole = "-n" not in row.command
    where = () if is_whole else ("--namespace=mine",)
    if row.cluster:
        person.bind(_role(installed, f"exact-cluster-{number}", row.cluster))
    if row.namespaced:
        person.bind(_role(installed, f"exact-namespaced-{number}", row.namespaced), *where)
    done = person.run(_filled_in(row.command, installed))
    assert done.returncode in (0, 1), done.stderr
    assert "you may not" not in done.stdout + done.stderr
    asked = person.asked()
    # The metrics API may be asked about autoscalers of other tests: it has `pods` too.
    assert asked.pop(403, set()) <= {("get", "secrets"), ("list", "pods")}
    assert set().union(*asked.values()) == row.cluster | row.namespaced


def _filled_in(command: str, cluster: ControlPlane) -> str:
    pod = cluster.kubectl("get", "pods", "--namespace=mine", "--output=name").split()[0]
    for word, value in (
        ("pod/NAME", pod),
        ("deployment/NAME", "deployment/web"),
        ("NAMESPACE", "mine"),
        ("NAME", "models"),
        ("FILE", OWN),
        ("USAGE", "tests/docs/usage.json"),
    ):
        command = command.replace(word, value)
    return command


@pytest.mark.parametrize("row", [*_rows()], ids=lambda row: row.command)
def test_command_ends_for_a_user_of_one_namespace_as_the_page_says(editor: Person, row: Row) -> None:
    done = editor.run(_filled_in(row.command, editor.cluster))
    assert done.returncode == row.code, done.stderr
    lacks = editor.asked()[403] if row.cluster else set()
    assert bool(lacks) == any(words in done.stderr + done.stdout for words in ("you may not", " 403 "))


def test_page_says_what_the_roles_allow() -> None:
    """All commands but `certs` need what `podtailor-reader` has; the rest of it is for whom the page names."""
    rows = [row for row in _rows() if not row.command.startswith("certs")]
    needed = frozenset().union(*(row.cluster | row.namespaced for row in rows))
    text = Path("manifests/components/cluster-source/readers.yaml").read_text().partition("---\n")[0]
    rules = re.findall(r"resources: \[(.*?)\]\n  verbs: \[(.*?)\]", text)
    allowed = {
        (verb, name) for names, verbs in rules for verb in verbs.split(", ") for name in names.split(", ")
    }
    assert allowed - needed == {("get", "daemonsets"), ("get", "statefulsets")}
    assert needed - allowed == set()


@pytest.fixture(scope="module")
def editor(installed: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody with the role `edit` in one namespace, and nothing else."""
    person = Person(installed, "editor", tmp_path_factory.mktemp("editor"))
    person.bind("edit", "--namespace=mine")
    eventually("policies are theirs", lambda: "403" not in person.run("audit -n mine").stderr)
    return person


UNREAD = (
    "you may not read the webhook configuration: ",
    "you may not read the Deployment podtailor-system/podtailor: ",
    "you may not read clusterworkloadpolicies: ",
)


@pytest.mark.parametrize("command", ["audit -n mine", "audit", "retrofit -n mine", "retrofit", "explain pod/NAME",
                                     "explain -f examples/general.yaml --from-cluster", "policies list"])  # fmt: skip
def test_what_may_not_be_read_is_noted(editor: Person, command: str) -> None:
    pod = editor.cluster.kubectl("get", "pods", "--namespace=mine", "--output=name").split()[0]
    done = editor.run(command.replace("pod/NAME", pod))
    said = done.stdout + done.stderr
    assert done.returncode == int(command.startswith("audit")), "not all that decides may be read"
    assert [note for note in UNREAD if note not in said] == []
    assert "does not call podtailor" not in said, "what may not be read may be there"
    narrowed = "you may not list namespaces: only mine is read"
    assert (narrowed in said) == ("-n" not in command and "pod/" not in command)


def test_nobody_is_accused_by_what_is_half_known(editor: Person) -> None:
    done = editor.run("audit -n mine --since 2020-01-01T00:00:00Z -o json --fail-on slipped-through")
    *rows, last = (json.loads(line) for line in done.stdout.splitlines())
    assert {row["finding"] for row in rows} == {"would-change"}
    assert any("no Pod counts as slipped through" in note for note in last["summary"]["notes"])
    assert done.returncode == 1, "a pipeline that lost its role does not turn green"
    assert editor.run("audit -n mine --fail-on none").returncode == 0


@pytest.mark.parametrize("command", ["audit", "audit -f examples/general.yaml --from-cluster"])
def test_one_missing_right_is_enough_to_be_unsure(
    installed: ControlPlane, tmp_path: Path, command: str
) -> None:
    """Runtime classes are read last, by the audit itself."""
    (row,) = (each for each in _rows() if each.command == "audit")
    codes = []
    for name, missing in (("all", frozenset()), ("nearly", frozenset({("list", "runtimeclasses")}))):
        person = Person(installed, f"{name}-{len(command)}", tmp_path)
        person.bind(_role(installed, f"{person.name}-cluster", row.cluster - missing))
        person.bind(_role(installed, f"{person.name}-namespaced", row.namespaced - missing))
        done = person.run(f"{command} --fail-on violation")
        assert ("you may not read runtimeclasses" in done.stdout + done.stderr) == bool(missing), done.stderr
        codes.append(done.returncode)
    assert codes == [0, 1]


def test_nothing_is_changed_by_what_is_half_known(editor: Person) -> None:
    before = editor.cluster.kubectl(
        "get", "deployment", "web", "--namespace=mine", "--output=jsonpath={.spec}"
    )
    done = editor.run("retrofit -n mine --apply")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "error: --apply changes nothing, because you may not read everything that decides about Pods"
        in done.stderr
    )
    assert "as far as is known" in editor.run("retrofit -n mine").stdout
    after = editor.cluster.kubectl(
        "get", "deployment", "web", "--namespace=mine", "--output=jsonpath={.spec}"
    )
    assert after == before


def test_all_namespaces_are_refused_by_name(editor: Person) -> None:
    done = editor.run("audit -A")
    assert done.returncode == 2
    assert done.stderr.startswith("error: cluster: namespaces: 403 ")


def test_who_may_read_nothing_is_told_what_to_do(installed: ControlPlane, tmp_path: Path) -> None:
    person = Person(installed, "stranger", tmp_path)
    audited, checked = person.run("audit"), person.run("certs check")
    assert audited.stderr.endswith("\nhint: or name a namespace that you may read with -n NAMESPACE\n")
    assert (checked.returncode, checked.stdout) == (1, ""), "what is unknown is told by warnings"
    assert checked.stderr.startswith("warning: ")


@pytest.mark.parametrize(
    ("command", "before"),
    [
        ("audit -A --fail-on none", "namespaces: 403 "),
        ("explain pod/NAME -n mine", "pods: 403 "),
    ],
)
def test_command_in_the_hint_grants_what_is_missing(
    installed: ControlPlane, tmp_path: Path, command: str, before: str
) -> None:
    """Run by an administrator, as it says."""
    pod = installed.kubectl("get", "pods", "--namespace=mine", "--output=name").split()[0]
    command = command.replace("pod/NAME", pod)
    person = Person(installed, f"newcomer-{command.partition(' ')[0]}", tmp_path)
    refused = person.run(command)
    assert refused.returncode == 2
    error, hint = refused.stderr.splitlines()[-2:]
    assert error.startswith(f"error: cluster: {before}")
    assert error.endswith(" [forbidden]")
    lead = "hint: ask an administrator to run: kubectl "
    assert hint.startswith(lead)
    installed.kubectl(*hint.removeprefix(lead).split())
    eventually("the right is in force", lambda: person.run(command).returncode == 0)


@pytest.mark.parametrize(
    ("roles", "command"),
    [
        pytest.param({"edit": "mine", "podtailor-installation-reader": ""}, "audit -n mine", id="edit"),
        pytest.param({"view": "mine", "podtailor-installation-reader": ""}, "retrofit -n mine", id="view"),
        pytest.param(
            {"podtailor-reader": "mine", "podtailor-installation-reader": ""},
            "audit -n mine",
            id="in-a-namespace",
        ),
        pytest.param({"podtailor-reader": ""}, "audit", id="everywhere"),
        pytest.param({"podtailor-reader": ""}, "policies list", id="list"),
    ],
)
def test_roles_that_ship_are_enough(
    installed: ControlPlane,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    roles: dict[str, str],
    command: str,
) -> None:
    person = Person(installed, f"with-{request.node.callspec.id}", tmp_path)
    for role, namespace in roles.items():
        person.bind(role, *([f"--namespace={namespace}"] if namespace else []))
    eventually("all may be read", lambda: "you may not" not in "".join(_printed(person, command)))


def _printed(person: Person, command: str) -> tuple[str, str]:
    done = person.run(command)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout, done.stderr
