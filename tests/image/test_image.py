"""The image is built as `make image` builds it, and podtailor runs in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from webhook import __version__


@pytest.mark.soak
def test_image_is_built_and_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.image.build"], capture_output=True, text=True, check=False
    )
    if "no docker and no podman here" in done.stderr and not os.environ.get("CI"):
        pytest.skip(f"THE IMAGE IS NOT BUILT: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert f"podtailor {__version__}\n" in done.stdout
    listed = re.search(r"^components: (.+)$", done.stdout, re.MULTILINE)
    assert listed
    pinned = re.findall(r"^([\w.-]+)==", Path("requirements/runtime.txt").read_text(), re.MULTILINE)
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in listed[1].split(", ")}
    # All but those of other platforms.
    assert {"podtailor", "kubernetes", "cryptography", "uvicorn"} <= names <= {*pinned, "podtailor"}
    print("\n", done.stdout)


def test_dockerfile_asks_for_no_root_and_no_shell() -> None:
    final = Path("Dockerfile").read_text().rpartition("FROM ")[2]
    assert re.search(r"^USER \d+:\d+$", final, re.MULTILINE)
    assert "RUN" not in final
    assert re.search(r'^ENTRYPOINT \["/', final, re.MULTILINE)
