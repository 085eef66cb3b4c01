"""Modes and labels of Nodes."""

from __future__ import annotations

from itertools import combinations_with_replacement

from webhook.model.names import Mode, node_label


def test_weaker_mode_changes_less() -> None:
    for weak, strong in combinations_with_replacement((Mode.OFF, Mode.AUDIT, Mode.ENFORCE), 2):
        assert weak.weaker(strong) is strong.weaker(weak) is weak


def test_old_and_new_label_of_a_node_have_one_name() -> None:
    assert node_label("beta.kubernetes.io/arch") == node_label("kubernetes.io/arch") == "kubernetes.io/arch"
    assert node_label("beta.kubernetes.io/os") == "kubernetes.io/os"
    assert node_label("disk") == "disk"
