"""One question a namespace, quantile and window."""

from __future__ import annotations

from tests.recommend.weeks import WEEK, container
from webhook.cli.recommend.sources import Usage
from webhook.recommend.rules import Rules
from webhook.usage.measured import NamespaceUsage


class _Source:
    def __init__(self, asked: list[tuple[str, int]], rules: Rules) -> None:
        self._asked = asked
        self._rules = rules

    def usage(self, namespace: str) -> NamespaceUsage:
        self._asked.append((namespace, self._rules.cpu_quantile))
        return NamespaceUsage(namespace=namespace, window=WEEK)


def test_a_question_is_asked_once() -> None:
    asked: list[tuple[str, int]] = []
    usage = Usage(lambda rules: _Source(asked, rules), is_asked=True)
    for quantile in (950, 990, 950):
        usage.of("shop", Rules(cpu_quantile=quantile, cpu_margin=quantile + 1000))
    usage.of("other", Rules())
    assert asked == [("shop", 950), ("shop", 990), ("other", 950)]


def test_what_cannot_be_asked_for_is_as_it_is() -> None:
    wanted = Rules(cpu_quantile=990, window=86400, cpu_margin=2000)
    fixed, asked = (
        Usage(lambda _: _Source([], Rules()), is_asked=is_asked).rules_of(lambda _: wanted, Rules())
        for is_asked in (False, True)
    )
    assert fixed(container()) == Rules(cpu_margin=2000)
    assert asked(container()) == wanted
