"""axe-core, which finds what keeps people from using a page: from npm, into the cache outside the checkout."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.controlplane.build import cache
from tests.support import apt

_VERSION = "4.14.1"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
# All rules, those that are only advice too.
_RUN = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target}: ${node.any.map((each) => each.message)}`)))"""


def problems(opened: Page) -> list[str]:
    """What axe-core finds on a page as it is now."""
    if not opened.evaluate("'axe' in window"):
        opened.evaluate(_script())  # not as an element: the page's own policy would forbid it
    found: Any = opened.evaluate(_RUN)
    return list(found)


def _script() -> str:
    package = cache().parent / f"axe-core-{_VERSION}.tgz"
    if not package.exists():
        _download(package)
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    assert digest == _SHA512, f"{package} is not axe-core {_VERSION}: delete it"
    with tarfile.open(package) as files:
        script = files.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


def _download(package: Path) -> None:
    if not shutil.which("npm"):
        apt.install("npm")
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=package.parent) as folder:
        command = ["npm", "pack", "--silent", f"axe-core@{_VERSION}", f"--pack-destination={folder}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"npm cannot fetch axe-core: {done.stderr}")
        (Path(folder) / package.name).replace(package)
