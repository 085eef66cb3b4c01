"""docs/resize.md, every command in its order on a real Node, as somebody reads it for the first time."""

from __future__ import annotations

import re

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.node import Node
from tests.e2e.node.pods import Pods
from tests.support.pages import Step, output, steps

STEPS = [step for step in steps() if step.needs_a_node]
# What differs from run to run: the ends of names, and how long a kubelet takes.
_VARIES = {
    re.compile(r"\bwe[-\w]*…[-\w]*|\bweb-\w{6,10}-\w{5}\b"): "POD",
    re.compile(r"\bafter \d+(\.\d+)? s\b"): "after N s",
    re.compile(r"\b\d+Mi(?=, its memory)"): "USED",
    re.compile(r"(?<=\S) {2,}"): "  ",
}


def test_commands_print_what_the_page_says(cluster: ControlPlane, node: Node) -> None:  # noqa: ARG001 (it must be there)
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": cluster.path}
    differ = []
    for step in STEPS:
        printed = output(step.command, **environment)
        if "/file" in step.command:
            Pods(cluster, "default").measured()
        print(f"$ {step.command}\n{printed}", end="")
        if not Step(step.page, step.command, _plain(step.expected)).fits(_plain(printed)):
            differ.append(f"$ {step.command}\n{printed}")
    assert not differ, "\n".join(differ)


def _plain(text: str) -> str:
    for pattern, word in _VARIES.items():
        text = pattern.sub(word, text)
    return text
