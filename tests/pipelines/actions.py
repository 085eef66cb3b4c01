"""A runner of composite actions: the shell steps as GitHub's runner executes them, in a folder of their own.

It knows what action.yml uses and refuses the rest. Steps with `uses` are other projects' actions: noted, not run.
https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

_EXPRESSION = re.compile(r"\$\{\{ (\w+)\.([\w-]+)(?:\.outputs\.([\w-]+))? \}\}")
_KEYS = {"id", "name", "shell", "env", "run"}


class Ran(NamedTuple):
    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]
    skipped: tuple[str, ...]
    """The `uses` of steps that were not run."""


def run(
    action: Path, workspace: Path, temp: Path, inputs: Mapping[str, str], done_before: Collection[str] = ()
) -> Ran:
    """Runs the action in `workspace`, up to the first step that fails. `temp`: kept between runs, as a job's.

    `done_before`: names of steps that an earlier run did in `temp`, and that would only do the same.
    """
    described = YAML(typ="safe").load(action / "action.yml")
    given = _inputs(described["inputs"], inputs)
    temp.mkdir(exist_ok=True)
    summary = temp / "summary.md"
    summary.write_text("")
    outputs: dict[str, dict[str, str]] = {}
    log, code, skipped = "", 0, []
    for step in described["runs"]["steps"]:
        if step.get("name") in done_before:
            continue
        if "uses" in step:
            skipped.append(step["uses"])
            continue
        assert step.keys() <= _KEYS, step.keys()
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input in the script could become a command"
        script, written = temp / "step.sh", temp / "output"
        script.write_text(step["run"])
        written.write_text("")
        environment = {
            **os.environ,
            **{name: _evaluated(value, given, outputs) for name, value in step.get("env", {}).items()},
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(written),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(temp),
        }
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=workspace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        log += done.stdout
        outputs[step.get("id", "")] = dict(line.split("=", 1) for line in written.read_text().splitlines())
        if code := done.returncode:
            break
    values = {name: _evaluated(each["value"], given, outputs) for name, each in described["outputs"].items()}
    return Ran(code, log, summary.read_text(), values, tuple(skipped))


def _inputs(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    assert given.keys() <= declared.keys()
    assert all(name in given for name, each in declared.items() if each.get("required"))
    return {name: given.get(name, each.get("default", "")) for name, each in declared.items()}


def _evaluated(text: str, given: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]) -> str:
    def value(match: re.Match[str]) -> str:
        match match.groups():
            case ("inputs", name, None):
                return given[name]
            case ("steps", step, str(output)):
                return outputs.get(step, {}).get(output, "")
        raise AssertionError(match[0])

    return _EXPRESSION.sub(value, text)
