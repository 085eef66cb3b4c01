"""An emulated machine: QEMU without KVM, which is not everywhere. What it writes to its disk is forgotten."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.e2e.node.image import Image
from tests.support.processes import Process

HOST = "10.0.2.2"
"""Where the machine finds the loopback of the one that emulates it."""
ADDRESS = "10.0.2.15"
"""Its own, in guest/init.sh. It leads nowhere outside: egress.py."""
# One serial port each, in the order of guest/init.sh.
_LOGS = ("console", "containerd", "kubelet")
# Nehalem has what programs for amd64 take for granted. The others spare the emulation of cryptography and wait for no entropy.
_CPU = "Nehalem,+rdrand,+pclmulqdq,+aes"
_BOOT = "console=ttyS0 quiet panic=-1 apparmor=0 mitigations=off random.trust_cpu=on tsc=reliable"


class Machine:
    """Runs as soon as it is made, until `stop` or the end of the thread that made it."""

    def __init__(self, image: Image, files: Path, port: int, folder: Path, *, cpus: int, mib: int) -> None:
        """`files` is a folder that it finds as its second disk; `port` is the same here on loopback and there."""
        self._folder = folder
        disk = folder / "files.tar"
        with tarfile.open(disk, "w") as tar:
            tar.add(files, ".")
        serials = (("-serial", f"file:{folder / name}.log") for name in _LOGS)
        drives = (
            f"file={image.disk},format=raw,if=virtio,snapshot=on",
            f"file={disk},format=raw,if=virtio,read-only=on",
        )
        # One thread for both processors: with one each, QEMU 7.2 hung in two of some twenty machines, a minute after their
        # start: both processors took exceptions without end.
        command = [
            *image.packages.qemu(),
            *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
            *("-accel", "tcg,thread=single", "-cpu", _CPU, "-smp", str(cpus), "-m", str(mib)),
            *("-kernel", str(image.packages.kernel), "-initrd", str(image.initrd), "-append", _BOOT),
            *(word for drive in drives for word in ("-drive", drive)),
            *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:{port}"),
            *("-device", "virtio-net-pci,netdev=net,romfile="),
            *(word for serial in serials for word in serial),
        ]
        self._qemu = Process("qemu", command, folder / "qemu.log")

    @property
    def running(self) -> bool:
        return self._qemu.running

    @property
    def pid(self) -> int:
        return self._qemu.pid

    def tail(self) -> str:
        """The end of all that it says."""
        logs = [self._folder / f"{name}.log" for name in _LOGS]
        ends = [f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs if log.is_file()]
        return "\n".join([*ends, self._qemu.tail()])

    def stop(self) -> None:
        """As if its plug were pulled."""
        self._qemu.stop()
