"""The two objects that the API server takes: a MutatingAdmissionPolicy, and the binding that applies it.

All policies are one object with one mutation: several run in random order (`ForInput` in k8s.io/apiserver
`pkg/admission/plugin/policy/generic` ranges over a map), and between two mutations the API server fills in
defaults, so that nobody could tell what is the Pod's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from webhook import __version__
from webhook.engine.exemptions import EXCLUDED_NAMESPACES
from webhook.export import marks
from webhook.export.compile import Compiled
from webhook.export.program import TooLarge
from webhook.model.names import INJECTION, MODE
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement

Json = dict[str, Any]

# etcd takes requests of 1.5 MiB (`--max-request-bytes`); managedFields and what kubectl adds need some of it.
MAX_BYTES = 1_200_000


class Reinvocation(StrEnum):
    """Whether the API server asks again after other policies or webhooks have changed the Pod."""

    IF_NEEDED = "IfNeeded"
    NEVER = "Never"


class Options(Struct, frozen=True, kw_only=True):
    name: str = "podtailor"
    """Of both objects."""
    reinvocation: Reinvocation = Reinvocation.IF_NEEDED
    flags: tuple[str, ...] = ()
    """Of `serve`, that say which policies that ship are among these, and which accelerators are known."""
    kubernetes: int | None = None
    """Minor version of the API server; None if it is not known."""
    namespaces: tuple[Requirement, ...] = ()
    """Of the labels of namespaces, beside those of every installation."""


class Exported(Struct, frozen=True):
    """The objects, and the policies that they are made from, in order of precedence."""

    policy: Json
    binding: Json
    policies: tuple[Policy, ...]

    @property
    def objects(self) -> tuple[Json, Json]:
        return (self.policy, self.binding)

    @property
    def comments(self) -> Iterator[str]:
        """For the top of a file: expressions cannot have any."""
        yield "Made by podtailor export: change the policies, and export them again."
        yield "Expressions name a policy by its position, as in variables.matches[0]:"
        width = len(str(len(self.policies) - 1))
        for position, policy in enumerate(self.policies):
            yield f"  {position:>{width}}  {policy.key} ({policy.origin})"


def exported(compiled: Compiled, policies: Sequence[Policy], options: Options) -> Exported:
    """`policies`: those that were compiled, in order of precedence. Raises TooLarge."""
    spec = _spec(compiled, options)
    binding = {"policyName": options.name}
    made_from = {
        "policies": [*marks.digests(policies).items()],
        "options": options.flags,
        "spec": spec,
        "binding": binding,
    }
    metadata = {
        "name": options.name,
        "labels": marks.LABELS,
        "annotations": {
            marks.VERSION: __version__,
            marks.POLICIES: marks.written_policies(policies),
            marks.OPTIONS: " ".join(options.flags),
            marks.HASH: marks.hash_of(made_from),
        },
    }
    made = Exported(
        _object(marks.POLICY_KIND, metadata, spec),
        _object(marks.BINDING_KIND, metadata, binding),
        (*policies,),
    )
    if len(msgspec.json.encode(made.policy)) > MAX_BYTES:
        raise TooLarge("object")
    return made


def _object(kind: str, metadata: Json, spec: Json) -> Json:
    return {"apiVersion": marks.GROUP_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _spec(compiled: Compiled, options: Options) -> Json:
    """With all fields that the API server would default, so that what it returns is equal."""
    return {
        # Of the policy's own faults too, as of a webhook that does not answer: no Pod depends on podtailor.
        "failurePolicy": "Ignore",
        "reinvocationPolicy": str(options.reinvocation),
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {"matchExpressions": _selected(options.namespaces)},
            "objectSelector": _OBJECTS,
            # Never UPDATE: what is set is immutable on an existing Pod.
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                    "scope": "Namespaced",
                }
            ],
        },
        "matchConditions": [_named(each) for each in compiled.conditions],
        "variables": [_named(each) for each in compiled.variables],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": compiled.patch}}],
    }


def _named(each: Any) -> Json:
    return {"name": each.name, "expression": each.expression}


def _selected(namespaces: Sequence[Requirement]) -> list[Json]:
    made = [*_NAMESPACES]
    for each in namespaces:
        values = {"values": sorted(each.values)} if each.values else {}
        requirement = {"key": each.key, "operator": each.operator, **values}
        if requirement not in made:
            made.append(requirement)
    return made


def _without(key: str, *values: str) -> Json:
    return {"key": key, "operator": "NotIn", "values": [*values]}


# As in manifests/base/mutatingwebhookconfiguration.yaml.
_NAMESPACES = (
    _without("kubernetes.io/metadata.name", *sorted(EXCLUDED_NAMESPACES)),
    _without(INJECTION, "disabled"),
    _without(MODE, "off"),
)
_OBJECTS: Json = {"matchExpressions": [_without(INJECTION, "disabled")]}
