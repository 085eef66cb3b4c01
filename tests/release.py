"""`make release-check`: build what a release publishes, into dist/, and try it in a clean environment.

A wheel is built once more from the unpacked sdist. It has to equal the one from the checkout byte for byte, so one
installation tries both. Only the package index is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from webhook import __version__

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
BIN = Path(sys.executable).parent
# Without what could lead podtailor back into the checkout, or set its flags.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PODTAILOR_", "PYTHON"))
}


def main() -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    _run(BIN / "hatchling", "build", "-d", DIST, cwd=ROOT)
    wheel = DIST / f"podtailor-{__version__}-py3-none-any.whl"
    sdist = DIST / f"podtailor-{__version__}.tar.gz"
    _check(sorted(DIST.iterdir()) == [wheel, sdist], f"dist/ holds {sorted(DIST.iterdir())}")
    _check_files(wheel)
    with tempfile.TemporaryDirectory(prefix="podtailor-release-") as name:
        folder = Path(name)
        _check_sdist(sdist, wheel, folder)
        venv.create(folder / "venv", with_pip=False)
        _install(folder / "venv", wheel)
        _try(folder / "venv" / "bin", folder)
    print(f"{wheel.relative_to(ROOT)} and {sdist.relative_to(ROOT)} install and run")


def _check_files(wheel: Path) -> None:
    """The wheel holds what is committed in the packages, and nothing else."""
    committed = set(_run("git", "ls-files", "webhook", "certs", cwd=ROOT).splitlines())
    with zipfile.ZipFile(wheel) as archive:
        packed = {each for each in archive.namelist() if ".dist-info/" not in each}
    _check(packed == committed, f"wheel and repository differ in {sorted(packed ^ committed)}")


def _check_sdist(sdist: Path, wheel: Path, folder: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    _run(BIN / "hatchling", "build", "-t", "wheel", "-d", folder, cwd=source)
    _check((folder / wheel.name).read_bytes() == wheel.read_bytes(), "the sdist builds another wheel")


def _install(environment: Path, wheel: Path) -> None:
    """With the locked libraries; like the Makefile, by uv, or by pip if only pip is configured with a mirror."""
    python = environment / "bin" / "python"
    locked = ("--require-hashes", "-r", ROOT / "requirements" / "runtime.txt")
    uv = (BIN / "uv", "pip", "install", "--quiet", "--python", python)
    pip = (
        BIN / "python",
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        python,
        "install",
    )
    if subprocess.run([*uv, *locked], check=False).returncode:
        _run(*pip, *locked)
    _run(*uv, "--no-deps", "--offline", wheel)
    _run(BIN / "uv", "pip", "check", "--quiet", "--python", python)


def _try(commands: Path, elsewhere: Path) -> None:
    """Outside the checkout: the version, and each kind of file that the package carries."""
    podtailor = commands / "podtailor"
    manifest = ROOT / "examples" / "general.yaml"
    for command in (podtailor, commands / "kubectl-podtailor"):
        printed = _run(command, "version", cwd=elsewhere)
        _check(printed == f"podtailor {__version__}\n", f"{command.name} version prints {printed!r}")
    tailored = _run(podtailor, "mutate", "-f", manifest, cwd=elsewhere)
    _check("resizePolicy" in tailored, "the built-in policies are missing")
    listed = _run(podtailor, "policies", "list", "--builtin", "safe", "--all", cwd=elsewhere)
    presets = {file.stem for file in (ROOT / "webhook/policies/presets").glob("*.yaml")}
    _check(bool(presets) and all(preset in listed for preset in presets), f"presets are missing: {listed}")
    page = _run(podtailor, "audit", "-f", manifest, "-o", "html", cwd=elsewhere)
    _check("</html>" in page, "the report is missing")


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=False)
    _check(not done.returncode, f"{' '.join(map(str, command))} ended with {done.returncode}")
    return done.stdout


def _check(holds: bool, problem: str) -> None:
    if not holds:
        sys.exit(problem)


if __name__ == "__main__":
    main()
