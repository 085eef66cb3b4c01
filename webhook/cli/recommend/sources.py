"""Where usage comes from: the flags that name a source, and what they make."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from webhook.cli.common.prometheus import PrometheusOptions
from webhook.errors import UsageError
from webhook.recommend.recommend import RulesOf
from webhook.recommend.rules import Rules
from webhook.usage.files import FileUsage
from webhook.usage.measured import NamespaceHistory, NamespaceUsage, UsageSource, Window
from webhook.usage.prometheus.source import PrometheusUsage

if TYPE_CHECKING:
    from webhook.cluster.client import Api

_MILLI = 1000


class SourceOptions(Struct, frozen=True, kw_only=True):
    """The flags, as they are named."""

    prometheus: PrometheusOptions = PrometheusOptions()
    usage: str = ""
    vpa: bool = False
    metrics_api: bool = False
    step: float = 300.0
    concurrency: int = 2

    def check(self) -> None:
        """Raises UsageError."""
        self.prometheus.check()
        named = [self.prometheus.url, self.usage, self.vpa, self.metrics_api]
        if sum(map(bool, named)) != 1:
            raise UsageError("name one source of usage: --prometheus, --usage, --vpa or --metrics-api")


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
    """`api_of` connects to the cluster, for the sources that are in it. Raises InputError, ClusterError.

    A server of which no query can be answered is an error: in a namespace it would be one of many warnings.
    """
    options.check()
    if options.prometheus.url:
        source_of = _prometheus(options)
        source_of(Rules()).check()
        return Usage(source_of, is_asked=True)
    if options.usage:
        file = FileUsage(options.usage)
        return Usage(lambda _: file)
    api = api_of()
    if options.vpa:
        from webhook.usage.vpa import VpaUsage

        return Usage(lambda _: VpaUsage(api, time.time()))
    from webhook.usage.metrics_api import MetricsApiUsage

    return Usage(lambda _: MetricsApiUsage(api, time.time()))


def _prometheus(options: SourceOptions) -> Callable[[Rules], PrometheusUsage]:
    server, cluster = options.prometheus.server(), options.prometheus.cluster
    now = time.time()
    return lambda rules: PrometheusUsage(
        server,
        Window.before(now, rules.window, options.step),
        quantile=rules.cpu_quantile / _MILLI,
        cluster=cluster,
        concurrency=options.concurrency,
    )
