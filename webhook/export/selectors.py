"""Label selectors: `webhook.model.selectors` in CEL."""

from __future__ import annotations

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Map, Text
from webhook.model.selectors import Requirement, Selector


def holds(selector: Selector, labels: Map[Text]) -> Bool:
    return cel.all_of(*(_holds(each, labels) for each in selector.requirements))


def _holds(requirement: Requirement, labels: Map[Text]) -> Bool:
    is_there = labels.has_key(requirement.key)
    match requirement.operator:
        case "In":
            return is_there & labels[requirement.key].one_of(cel.texts(requirement.values))
        case "NotIn":
            return ~(is_there & labels[requirement.key].one_of(cel.texts(requirement.values)))
        case "Exists":
            return is_there
        case "DoesNotExist":
            return ~is_there
