"""`make matrix`: the end-to-end tests that depend on Kubernetes, on every version that can be built; and the page of it.

Prints a table, and writes docs/kubernetes.md with what was observed. Exit code 1 if a test failed.

    python -m tests.e2e.matrix          # all versions
    python -m tests.e2e.matrix 1.34     # one; what was seen of the others stays in the page
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from tests.e2e.controlplane.build import VERSIONS, binaries, release
from tests.e2e.matrix import page
from tests.e2e.matrix.probes import TOPICS
from tests.support.pods import Json

FOLDER = Path("build/matrix")
SUBJECTS = {
    "laws": ("test_accepted_pods", "test_reinvocation", "test_kubectl_apply", "test_exemptions"),
    "LimitRanger": ("test_limit_ranger",),
    "CRDs": ("test_crds", "test_crds_upgrade", "test_missing_definitions"),
    "placement": ("test_placement",),
    "built-in policies": ("test_builtin_policies",),
    "install": ("test_overlays", "test_helm", "test_manifests"),
    "resize": ("resize.test_api", "resize.test_kubelets", "resize.test_in_step"),
    "version": ("test_version",),
    "probes": ("test_kubernetes",),
}
# Exit codes of pytest when all tests have run: none failed, or some. Collection errors are not of these.
_RAN = (0, 1)
_SUBJECT_OF = {f"tests.e2e.{name}": subject for subject, names in SUBJECTS.items() for name in names}


def main(versions: list[str]) -> int:
    """The exit code."""
    unknown = [version for version in versions if version not in VERSIONS]
    if unknown:
        print(f"{', '.join(unknown)}: not one of {', '.join(VERSIONS)}", file=sys.stderr)
        return 2
    runs = page.observations()
    for version in versions or VERSIONS:
        binaries(version)
        runs[version] = tried(version)
        page.OBSERVED.write_text(json.dumps(runs, indent=1) + "\n")
    page.PAGE.write_text(page.text())
    tried_now = {version: runs[version] for version in versions or VERSIONS}
    print(_table(tried_now))
    return int(any(failed for run in tried_now.values() for _, failed in run["tests"].values()))


def tried(version: str) -> Json:
    """What `observed.json` holds of a version."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    report = FOLDER / f"{version}.xml"
    report.unlink(missing_ok=True)
    files = [f"{module.replace('.', '/')}.py" for module in _SUBJECT_OF]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "e2e", f"--junitxml={report}"]
    command += ["-o", "junit_family=xunit1"]  # with properties
    command += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *files]
    print(f"matrix: Kubernetes {release(version)}", file=sys.stderr, flush=True)
    started = time.monotonic()
    done = subprocess.run(
        command, env={**os.environ, "PODTAILOR_K8S": version, "PODTAILOR_E2E_RECORDS": "1"}, check=False
    )
    if done.returncode not in _RAN:
        sys.exit(f"matrix: pytest ended with {done.returncode}; nothing is recorded of {version}")
    run = summary(ET.parse(report).getroot())  # noqa: S314 (pytest wrote it)
    return {"release": release(version), "seconds": round(time.monotonic() - started), **run}


def summary(report: ET.Element) -> Json:
    """Tests by subject, generated Pods and observations, of a JUnit report."""
    tests = {subject: [0, 0] for subject in SUBJECTS}
    observed: dict[str, dict[str, str]] = {topic: {} for topic in TOPICS}
    pods: dict[str, dict[str, int]] = {}
    for case in report.iter("testcase"):
        if case.find("skipped") is None:
            failed = case.find("failure") is not None or case.find("error") is not None
            tests[_SUBJECT_OF[case.get("classname", "")]][failed] += 1
        properties = {each.get("name"): each.get("value", "") for each in case.iter("property")}
        if "observed" in properties:
            observed[properties["topic"]][properties["probe"]] = properties["observed"]
        pods |= json.loads(properties.get("pods", "{}"))
    return {"tests": tests, "pods": pods, "observed": observed}


def _table(runs: dict[str, Json]) -> str:
    """For a terminal: a row a version."""
    pods: dict[str, Counter[str]] = {
        version: sum(map(Counter, run["pods"].values()), Counter()) for version, run in runs.items()
    }
    outcomes = [each for each in page.outcomes(pods.values()) if not page.is_class(each)]
    rows = [["KUBERNETES", *SUBJECTS, *outcomes, "SECONDS"]]
    for version, run in runs.items():
        tests = (
            f"{passed}+{failed} failed" if failed else f"{passed}" for passed, failed in run["tests"].values()
        )
        rows.append(
            [
                run["release"],
                *tests,
                *(str(pods[version][each]) for each in outcomes),
                str(run["seconds"]),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
