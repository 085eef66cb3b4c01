"""A Prometheus API, as flags name it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from webhook.cli.common.options import setting
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.usage.prometheus.server import PrometheusServer

Url = Annotated[str, setting("--prometheus", metavar="URL", help="A server with the API of Prometheus.")]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME:VALUE", help="Sent with each query (repeatable)."),
]
BearerFile = Annotated[
    str, typer.Option("--bearer-file", metavar="FILE", help="A file with a token for the server.")
]
CaFile = Annotated[str, typer.Option("--ca-file", metavar="FILE", help="The CA of the server, in PEM.")]
ClusterLabel = Annotated[
    str,
    typer.Option("--cluster-label", metavar="NAME=VALUE", help="Which cluster, if the server has several."),
]

UsageFile = Annotated[
    str, typer.Option("--usage", metavar="FILE", help="Usage in a file; - is standard input.")
]


class PrometheusOptions(Struct, frozen=True, kw_only=True):
    """The flags."""

    url: str = ""
    headers: Sequence[str] = ()
    bearer_file: str = ""
    ca_file: str = ""
    cluster_label: str = ""

    def check(self) -> None:
        """Raises UsageError."""
        if any([self.headers, self.bearer_file, self.ca_file, self.cluster_label]) and not self.url:
            raise UsageError("--header, --bearer-file, --ca-file and --cluster-label are for --prometheus")

    def flags(self) -> list[str]:
        """As they were given, for another command; without a password that is in a header."""
        flags = {
            "--prometheus": self.url,
            "--bearer-file": self.bearer_file,
            "--ca-file": self.ca_file,
            "--cluster-label": self.cluster_label,
        }
        headers = [each for each in self.headers if not each.lower().startswith("authorization")]
        return [
            *(f"{flag}={value}" for flag, value in flags.items() if value),
            *(f"--header={each}" for each in headers),
        ]

    @property
    def cluster(self) -> tuple[str, str] | None:
        """Raises UsageError."""
        return _pair("--cluster-label", self.cluster_label, "=") if self.cluster_label else None

    def server(self) -> PrometheusServer:
        """Raises UsageError."""
        from webhook.usage.prometheus.server import PrometheusServer

        return PrometheusServer(
            self.url,
            headers=dict(_pair("--header", each, ":") for each in self.headers),
            bearer_file=Path(self.bearer_file) if self.bearer_file else None,
            ca_file=Path(self.ca_file) if self.ca_file else None,
        )


def _pair(flag: str, text: str, separator: str) -> tuple[str, str]:
    """Raises UsageError."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise UsageError(f"{flag} {text}: write NAME{separator}VALUE")
    return name.strip(), value.strip()
