"""Prometheus and VictoriaMetrics, built once and started with the made-up week.

python -m tests.e2e.usage.servers     # build, print where they are
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.e2e.controlplane.build import Tool, binary, built
from tests.support.processes import Process, Started, ends_with_us, eventually, free_port

_HERE = Path(__file__).parent
# Without the hundred clouds in which it could look for what to scrape, and without its pages.
_PROMETHEUS = Tool(_HERE / "prometheus", "github.com/prometheus/prometheus/cmd/prometheus", "remove_all_sd")
_VICTORIA = Tool(_HERE / "victoriametrics", "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics")
_RETENTION = "30y"


class _Server(Started):
    def __init__(self, name: str, folder: Path, command: list[str], ready: str) -> None:
        """`command`: without the address. `ready`: the path that says so."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._name = name
        self._log = folder / f"{name}.log"
        self._command = [each.replace("ADDRESS", f"127.0.0.1:{port}") for each in command]
        self._ready = ready
        self._process: Process | None = None

    def start(self) -> None:
        process = self._process = Process(self._name, self._command, self._log)
        eventually(f"{self._name} is ready", lambda: not process.running or self._is_ready())
        assert process.running, process.tail()

    def stop(self) -> None:
        if self._process:
            self._process.stop()

    def _is_ready(self) -> bool:
        try:
            with urlopen(self.url + self._ready, timeout=5) as response:
                return bool(response.status == 200)
        except URLError:
            return False


class Prometheus(_Server):
    def __init__(self, folder: Path, data: Path, *flags: str) -> None:
        """`data`: blocks, as `blocks_of` makes them."""
        config = folder / "prometheus.yaml"
        config.write_text("{}\n")
        command = [
            str(built("prometheus", _PROMETHEUS)), f"--config.file={config}", "--web.listen-address=ADDRESS",
            f"--storage.tsdb.path={data}", f"--storage.tsdb.retention.time={_RETENTION}", *flags,
        ]  # fmt: skip
        super().__init__("prometheus", folder, command, "/-/ready")


class VictoriaMetrics(_Server):
    def __init__(self, folder: Path, *flags: str) -> None:
        command = [
            str(built("victoria-metrics", _VICTORIA)), "-httpListenAddr=ADDRESS",
            f"-storageDataPath={folder / 'victoria'}", f"-retentionPeriod={_RETENTION}", *flags,
        ]  # fmt: skip
        super().__init__("victoria-metrics", folder, command, "/health")

    def load(self, exposition: Path) -> None:
        """Back once all of it can be queried."""
        with exposition.open("rb") as lines:
            request = Request(f"{self.url}/api/v1/import/prometheus", data=lines.read(), method="POST")
        for each in (request, f"{self.url}/internal/force_flush"):
            with urlopen(each, timeout=60) as response:
                response.read()


def blocks_of(openmetrics: Path, data: Path) -> None:
    """Write what a Prometheus would have stored. Few blocks: each takes one more round over the file."""
    promtool = [str(binary("promtool")), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    command = [*promtool, "--max-block-duration=192h", str(openmetrics), str(data)]
    subprocess.run(ends_with_us(command), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for name, tool in (("prometheus", _PROMETHEUS), ("victoria-metrics", _VICTORIA)):
        print(built(name, tool))
