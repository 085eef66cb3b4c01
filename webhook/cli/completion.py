"""`podtailor completion`."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from webhook.cli.common.terminal import write


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="The shell that you use.")],
) -> None:
    """Print the script with which a shell completes commands.

    TAB then completes commands, options and their values: presets, findings, policies, kinds, and from the
    kubeconfig contexts, namespaces, Pods and their owners, if the cluster answers at once.

    \b
    In this shell:
      source <(podtailor completion bash)
      source <(podtailor completion zsh)       after compinit
      podtailor completion fish | source

    \b
    In every new one:
      echo 'source <(podtailor completion bash)' >> ~/.bashrc
      echo 'source <(podtailor completion zsh)' >> ~/.zshrc
      podtailor completion fish > ~/.config/fish/completions/podtailor.fish

    `kubectl podtailor` completes where kubectl does: nothing else is to be installed.

    \b
    Examples:
      podtailor completion bash
    """
    write((files("webhook.completion") / "scripts" / f"podtailor.{shell}").read_text(encoding="utf-8"))
