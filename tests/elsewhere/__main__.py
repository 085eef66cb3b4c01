"""`make check-elsewhere`: the unit tests on another day, in another place, by another user.

They run in a copy of this checkout, on the Python of the image's base, with an environment that contradicts whatever
podtailor, its libraries or the tests could read there. The end names, loudly, what this machine does not allow.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.pythons import ENVIRONMENT, ROOT, image_version, interpreters
from tests.support import apt

_SECONDS_AHEAD = 400 * 24 * 3600
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
_NOWHERE = "http://127.0.0.1:9"
_HOSTILE = {
    "LC_ALL": "C",
    "TZ": "Pacific/Kiritimati",
    "COLUMNS": "40",
    "FORCE_COLOR": "1",
    "TERM": "xterm-256color",
    "KUBECONFIG": "/dev/null/config",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), _NOWHERE),
    "PODTAILOR_MODE": "off",
    "PODTAILOR_BUILTIN": "off",
    "PODTAILOR_NAMESPACE": "elsewhere",
    "PODTAILOR_POLICIES": "/dev/null/policies",
    "PODTAILOR_PORT": "tcp://192.0.2.1:443",
}


def main() -> int:
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="podtailor-elsewhere-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home, copy = folder / "home", _copy_of_checkout(folder / "podtailor")
        home.mkdir()
        user = _another_user(home, copy, missing)
        environment = {"PATH": os.environ["PATH"], **_HOSTILE, "HOME": str(home), "TMPDIR": str(home)}
        environment |= _clock(folder, missing)
        python, libraries = _python_of_the_image(folder, user, missing)
        subprocess.run(
            ["make", "--silent", "-C", copy, f"PYTHON={python}", ".venv/.ready"],  # noqa: S607 (the machine's own)
            env={**ENVIRONMENT, **libraries},
            umask=0o022,
            check=True,
        )
        _without_ipv6(missing)
        command = [str(copy / ".venv/bin/python"), "-m", "pytest", "-q", "-n", "auto", "-p", "randomly"]
        command += ["-m", "not e2e and not soak", *sys.argv[1:]]
        tests = subprocess.run(
            command, cwd=copy, env={**environment, **libraries}, umask=0o077, check=False, **user
        )
    for each in missing:
        print(f"NOT TRIED ELSEWHERE: {each}", file=sys.stderr)
    return tests.returncode


def _copy_of_checkout(copy: Path) -> Path:
    """As it is now, with what is not committed yet; another user may not read the checkout itself."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            (copy / name).chmod(0o755 if os.access(ROOT / name, os.X_OK) else 0o644)
    return copy


def _another_user(home: Path, copy: Path, missing: list[str]) -> dict[str, Any]:
    """What starts a process as an ordinary user, who owns both folders."""
    if os.geteuid():
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        missing.append("an ordinary user: there is no `nobody`")
        return {}
    for each in (home, copy, *copy.rglob("*")):
        os.chown(each, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _clock(folder: Path, missing: list[str]) -> dict[str, str]:
    """The variables that set the clock of a process and its children ahead.

    libfaketime shifts monotonic clocks too, and `time.sleep` of Python 3.11 then never ends.
    """
    if not os.geteuid() and not shutil.which("gcc") and not shutil.which("cc"):
        apt.install("gcc")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        missing.append("another date: there is no C compiler")
        return {}
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
    library.chmod(0o755)
    return {"LD_PRELOAD": str(library), "SECONDS_AHEAD": str(_SECONDS_AHEAD)}


def _python_of_the_image(
    folder: Path, user: dict[str, Any], missing: list[str]
) -> tuple[Path, dict[str, str]]:
    """One that this user may start, and the variables that it needs."""
    version = image_version()
    python = next(interpreters(version), None)
    if python is None:
        missing.append(f"the image's Python {version}: it is not on this machine")
        python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    try:
        subprocess.run([python, "-V"], capture_output=True, check=True, **user)
    except (PermissionError, subprocess.CalledProcessError):
        pass  # it is in the home of this user
    else:
        return python, {}
    prefix = folder / "python"
    # With the bytecode, which the other user may not write there.
    unused = shutil.ignore_patterns("test", "site-packages", "*.a", "share", "include")
    shutil.copytree(python.parents[1], prefix, symlinks=True, ignore=unused)
    return prefix / "bin" / python.name, {"LD_LIBRARY_PATH": str(prefix / "lib")}


def _without_ipv6(missing: list[str]) -> None:
    """From here on this process, and those that it starts, have a network of their own: loopback, IPv4."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        missing.append(f"a machine without IPv6 and network: {os.strerror(ctypes.get_errno())}")
        return
    switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
    if switch.exists():  # not where the kernel has no IPv6
        switch.write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _GET_FLAGS, request), 16)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh22x", b"lo", flags | _UP))


if __name__ == "__main__":
    sys.exit(main())
