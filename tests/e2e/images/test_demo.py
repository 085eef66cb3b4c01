"""`make demo IMAGES=1`, and what docs/images.md says to type there, typed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.demos import Shell, shell_beside
from tests.support.processes import eventually

SECTION = Path("docs/images.md").read_text().partition("## Try it on this machine")[2].partition("\n## ")[0]
START, *COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()
]

_SETTLED = "kubectl rollout status -n shop deployment/pdf"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with shell_beside(
        START, {"KUBECONFIG", "SSL_CERT_FILE"}, 120, tmp_path_factory.mktemp("terminal")
    ) as shell:
        yield shell


def test_images_land_where_they_run(shell: Shell) -> None:
    ask, keep, *policies, untaint, restart, look = COMMANDS
    code, printed = shell.type(ask)
    assert code == 0, printed
    assert (
        "1 of 3 owners would run on ARM64 (1.0 of 3.0 CPUs); 1 stopped by one container: pdf (1); 1 unknown."
        in (" ".join(printed.split()))
    )
    for each in ("pdf:1 +no +configuration", "serve:1 +unknown +404 from", "web:1 +says +index"):
        assert re.search(each, printed), printed
    for command in (keep, *policies, untaint):
        code, printed = shell.type(command)
        assert code == 0, printed
    eventually("the policies apply", lambda: _affinity(shell, "pdf") and _affinity(shell, "web"))
    # Again if another replica of podtailor did not know of them yet.
    restarted = f"{restart} && kubectl rollout status -n shop deployment/web && {_SETTLED}"
    eventually(
        "all stand where they run",
        lambda: shell.type(restarted)[0] == 0 and _nodes(shell) == {"pdf": {"amd64"}, "web": {"arm64"}},
    )
    assert re.search(r"web-\S+ .* arm64 ", shell.type(look)[1])
    # Also if there is no other Node: it waits.
    assert shell.type("kubectl cordon amd64 && kubectl rollout restart -n shop deployment pdf web")[0] == 0
    eventually("a Pod waits for a Node", lambda: _nodes(shell).get("pdf", set()) >= {""})
    assert _nodes(shell)["pdf"] == {"amd64", ""}


def _affinity(shell: Shell, name: str) -> Any:
    """What a new Pod of this Deployment gets."""
    deployment = json.loads(shell.type(f"kubectl get -n shop deployment {name} -o json")[1])
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "new", "namespace": "shop"},
        "spec": deployment["spec"]["template"]["spec"],
    }
    command = ["kubectl", "create", "--dry-run=server", "-o", "json", "-f", "-"]
    done = subprocess.run(
        command, input=json.dumps(pod), env=shell.environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)["spec"].get("affinity")


def _nodes(shell: Shell) -> dict[str, set[str]]:
    """By image, where its Pods are that are to stay; an empty name for those that wait."""
    found: dict[str, set[str]] = {}
    for pod in json.loads(shell.type("kubectl get pods -n shop -l app!=serve -o json")[1])["items"]:
        if "deletionTimestamp" not in pod["metadata"]:
            found.setdefault(pod["metadata"]["labels"]["app"], set()).add(pod["spec"].get("nodeName", ""))
    return found
