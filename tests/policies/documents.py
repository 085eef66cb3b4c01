"""Policy documents that tests of loading them share."""

from __future__ import annotations

from pathlib import Path

from webhook.model.place import Place
from webhook.model.policy import Policy
from webhook.policies.load import load, load_or_raise

HEAD = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec:\n"


def write(folder: Path, text: str, name: str = "policy.yaml") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def only_policy(folder: Path, text: str) -> Policy:
    (policy,) = load_or_raise([write(folder, text)])
    return policy


def assert_refused(folder: Path, spec: str, column: int, field: str, words: str) -> None:
    """A policy with this spec, which starts in line 5, has one problem: there, about the field, in the words."""
    (problem,) = load([write(folder, f"{HEAD}  {spec}\n")]).problems
    assert problem.place == Place(f"{folder / 'policy.yaml'}", 5, column)
    assert problem.field == field
    assert words in problem.message
