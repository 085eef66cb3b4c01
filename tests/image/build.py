"""Build the image and run `podtailor version` in it: `python -m tests.image.build`.

With docker or podman where one is there. Without any, as on machines that have no container engine: buildah in
a chroot, from a base made by debootstrap (Debian packages, root), with wheels downloaded first, by hash. The
base stays in a cache outside the checkout.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support import apt

TAG = "localhost/podtailor"
TOOLS = ("buildah", "debootstrap")
CODENAME = "bookworm"  # the first Debian with Python 3.11


def main() -> None:
    engine = next(filter(_works, ("docker", "podman")), None)
    if engine:
        _run(engine, "build", "--tag", TAG, ".")
        _say(_output(engine, "run", "--rm", TAG, "version").strip())
        _say(_output(engine, "image", "inspect", "--format={{.Size}} bytes", TAG).strip())
        return
    if os.geteuid():
        sys.exit("no docker and no podman here; without them this needs root for buildah in a chroot")
    apt.install(*TOOLS)
    os.environ |= {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    cache = _cache()
    base = cache / f"{CODENAME}.tar"
    if not base.exists():
        _make_base(base)
    wheels = cache / "wheels"
    _download(wheels)
    # Whose name says which file it was made of: a new one is another image.
    image = f"localhost/podtailor-base:{base.stat().st_mtime_ns}"
    if not _output("buildah", "images", "--quiet", "--filter", f"reference={image}").strip():
        _make_image(base, image)
    _run(
        "buildah",
        "bud",
        "--quiet",
        "--layers",
        f"--build-arg=BASE={image}",
        "--build-arg=PIP_OPTIONS=--no-index --find-links=/wheels",
        f"--volume={wheels}:/wheels:ro",
        f"--tag={TAG}",
        ".",
    )
    container = _output("buildah", "from", TAG).strip()
    try:
        _say(_output("buildah", "run", container, "--", "/opt/podtailor/bin/podtailor", "version").strip())
        mount = Path(_output("buildah", "mount", container).strip())
        _say(
            f"size: {_mib(mount)} MiB, of it podtailor and its libraries {_mib(mount / 'opt/podtailor')} MiB"
        )
        listed = json.loads((mount / "opt/podtailor/sbom.cdx.json").read_text())["components"]
        _say(f"components: {', '.join(sorted(component['name'] for component in listed))}")
    finally:
        _run("buildah", "rm", container)


def _works(engine: str) -> bool:
    """Whether it is here and has whatever it needs to run."""
    return (
        bool(shutil.which(engine))
        and not subprocess.run([engine, "info"], capture_output=True, check=False).returncode
    )


def _make_image(base: Path, name: str) -> None:
    container = _output("buildah", "from", "scratch").strip()
    try:
        _run("buildah", "add", "--quiet", container, str(base), "/")
        _run("buildah", "commit", "--quiet", container, name)
    finally:
        _run("buildah", "rm", container)


def _make_base(base: Path) -> None:
    _say(f"making a base of Debian {CODENAME} (a minute, once)")
    root = base.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    mirror = re.search(rf"^(\S+) {CODENAME} main$", _output(*_TARGETS), re.MULTILINE)
    packages = "--include=python3,python3-venv,ca-certificates"
    _run(
        "debootstrap",
        "--variant=minbase",
        packages,
        CODENAME,
        str(root),
        *(mirror.groups() if mirror else ()),
    )
    part = base.with_suffix(".part")
    _run(
        "tar", "--create", f"--file={part}", f"--directory={root}", "--exclude=./var/cache/apt/archives", "."
    )
    shutil.rmtree(root)
    part.replace(base)


_TARGETS = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)")


def _download(wheels: Path) -> None:
    """For the Python of the base, by hash; what is there already is not downloaded again."""
    wheels.mkdir(parents=True, exist_ok=True)
    platform = sysconfig.get_platform().removeprefix("linux-")
    for requirements in ("requirements/runtime.txt", "requirements/build.txt"):
        _run(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--only-binary=:all:", "--python-version=3.11"),
            *(f"--platform=manylinux{glibc}_{platform}" for glibc in ("2014", "_2_17", "_2_28", "_2_34")),
            *(f"--dest={wheels}", f"--find-links={wheels}", f"--requirement={requirements}"),
        )


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(base).expanduser() / "podtailor" / "image"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _mib(folder: Path) -> int:
    return int(_output("du", "--summarize", "--block-size=1M", str(folder)).split()[0])


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
