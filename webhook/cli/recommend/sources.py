"""Where usage comes from: the flags that name a source, and what they make."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from webhook.errors import UsageError
from webhook.recommend.recommend import RulesOf
from webhook.recommend.rules import Rules
from webhook.usage.files import FileUsage
from webhook.usage.measured import NamespaceHistory, NamespaceUsage, UsageSource, Window
from webhook.usage.prometheus.server import PrometheusServer
from webhook.usage.prometheus.source import PrometheusUsage

if TYPE_CHECKING:
    from webhook.cluster.client import Api

_MILLI = 1000


class SourceOptions(Struct, frozen=True, kw_only=True):
    """The flags, as they are named."""

    prometheus: str = ""
    header: Sequence[str] = ()
    bearer_file: str = ""
    ca_file: str = ""
    cluster_label: str = ""
    usage: str = ""
    vpa: bool = False
    metrics_api: bool = False
    step: float = 300.0
    concurrency: int = 2

    def check(self) -> None:
        """Raises UsageError."""
        named = [self.prometheus, self.usage, self.vpa, self.metrics_api]
        if sum(map(bool, named)) != 1:
            raise UsageError("name one source of usage: --prometheus, --usage, --vpa or --metrics-api")
        others = [self.header, self.bearer_file, self.ca_file, self.cluster_label]
        if any(others) and not self.prometheus:
            raise UsageError("--header, --bearer-file, --ca-file and --cluster-label are for --prometheus")


class Usage:
    """Asks a source once for each namespace, quantile and window."""

    def __init__(self, source_of: Callable[[Rules], UsageSource], *, is_asked: bool = False) -> None:
        """`is_asked`: whether it takes a quantile and a window; otherwise it has those that it has."""
        self._source_of = source_of
        self._is_asked = is_asked
        self._known: dict[tuple[str, int, int], NamespaceUsage] = {}

    def of(self, namespace: str, rules: Rules) -> NamespaceUsage:
        """Raises InputError, ClusterError."""
        key = (namespace, rules.cpu_quantile, rules.window)
        if key not in self._known:
            self._known[key] = self._source_of(rules).usage(namespace)
        return self._known[key]

    def history(self, namespace: str, rules: Rules) -> NamespaceHistory:
        """Of the same window as the usage. Raises UsageError if the source keeps none, InputError."""
        source = self._source_of(rules)
        if not isinstance(source, FileUsage | PrometheusUsage):
            raise UsageError("--backtest needs every step of the past: --prometheus, or --usage with history")
        return source.history(namespace)

    def rules_of(self, rules: RulesOf, defaults: Rules) -> RulesOf:
        """Those of policies, as far as the source can be asked for them."""
        if self._is_asked:
            return rules
        kept = {"cpu_quantile": defaults.cpu_quantile, "window": defaults.window}
        return lambda container: structs.replace(rules(container), **kept)


def usage_of(options: SourceOptions, api_of: Callable[[], Api]) -> Usage:
    """`api_of` connects to the cluster, for the sources that are in it. Raises InputError, ClusterError."""
    options.check()
    if options.prometheus:
        return Usage(_prometheus(options), is_asked=True)
    if options.usage:
        file = FileUsage(options.usage)
        return Usage(lambda _: file)
    api = api_of()
    if options.vpa:
        from webhook.usage.vpa import VpaUsage

        return Usage(lambda _: VpaUsage(api, time.time()))
    from webhook.usage.metrics_api import MetricsApiUsage

    return Usage(lambda _: MetricsApiUsage(api, time.time()))


def _prometheus(options: SourceOptions) -> Callable[[Rules], UsageSource]:
    server = PrometheusServer(
        options.prometheus,
        headers=dict(_pair("--header", each, ":") for each in options.header),
        bearer_file=Path(options.bearer_file) if options.bearer_file else None,
        ca_file=Path(options.ca_file) if options.ca_file else None,
    )
    cluster = _pair("--cluster-label", options.cluster_label, "=") if options.cluster_label else None
    now = time.time()
    return lambda rules: PrometheusUsage(
        server,
        Window.before(now, rules.window, options.step),
        quantile=rules.cpu_quantile / _MILLI,
        cluster=cluster,
        concurrency=options.concurrency,
    )


def _pair(flag: str, text: str, separator: str) -> tuple[str, str]:
    """Raises UsageError."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise UsageError(f"{flag} {text}: write NAME{separator}VALUE")
    return name.strip(), value.strip()
