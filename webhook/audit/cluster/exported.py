"""Read the policies that were exported, and what binds them."""

from __future__ import annotations

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.audit.cluster.installation import Installation
from webhook.audit.cluster.objects import changed, list_all
from webhook.audit.enforcement import Scope
from webhook.audit.exported import ExportedPolicy
from webhook.cluster.pager import Object, Resource, keep_object
from webhook.cluster.part import ClusterPart
from webhook.export import marks
from webhook.model.selectors import LabelSelector, Selector


class _Metadata(Struct, frozen=True):
    annotations: dict[str, str] = {}


class _Constraints(Struct, frozen=True):
    namespaceSelector: LabelSelector = LabelSelector()
    objectSelector: LabelSelector = LabelSelector()


class _Spec(Struct, frozen=True):
    matchConstraints: _Constraints = _Constraints()


class _Policy(Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()


class _BindingSpec(Struct, frozen=True):
    policyName: str = ""
    matchResources: _Constraints = _Constraints()
    """Both must select a Pod: the policy, and what binds it."""


class _Binding(Struct, frozen=True):
    spec: _BindingSpec = _BindingSpec()


_ROOT = f"/apis/{marks.GROUP_VERSION}"
# Older API servers do not serve them, as if there were none.
_POLICIES = Resource(
    "mutatingadmissionpolicies", f"{_ROOT}/mutatingadmissionpolicies", keep_object, is_custom=True
)
_BINDINGS = Resource(
    "mutatingadmissionpolicybindings", f"{_ROOT}/mutatingadmissionpolicybindings", keep_object, is_custom=True
)
_OURS = ("labelSelector", f"{marks.MANAGED_BY}={marks.MANAGER}")


def with_exported_policies(api: ApiClient, installed: Installation, part: ClusterPart) -> Installation:
    """Raises ClusterError."""
    exported: tuple[ExportedPolicy, ...] = ()
    with part.note_if_forbidden(
        "MutatingAdmissionPolicies and their bindings",
        "it is unknown whether the API server applies an exported policy",
    ):
        exported = exported_policies(api)
    # Without a server, what was exported says which of the policies that ship are in force.
    flags = next((each.flags for each in exported if not installed.arguments), ())
    arguments = ("serve", *flags) if flags else installed.arguments
    return structs.replace(installed, exported=exported, arguments=arguments)


def exported_policies(api: ApiClient) -> tuple[ExportedPolicy, ...]:
    """In the order of their names. Raises ClusterError."""
    policies = list_all(api, _POLICIES, _OURS)
    bindings = list_all(api, _BINDINGS)  # anybody may bind one, under any name
    return tuple(_exported(each, bindings) for each in policies)


def _exported(policy: Object, bindings: list[Object]) -> ExportedPolicy:
    name, read = policy.metadata.name, msgspec.json.decode(policy.raw, type=_Policy)
    bound = [
        each for each in bindings if msgspec.json.decode(each.raw, type=_Binding).spec.policyName == name
    ]
    # The binding that came first counts: another one beside it changes nothing.
    since = min((changed(each, "spec") for each in bound), default="")
    constraints = read.spec.matchConstraints
    # One without selectors binds it for all that the policy selects.
    narrowed = [msgspec.json.decode(each.raw, type=_Binding).spec.matchResources for each in bound]
    narrowest = narrowed[0] if len(narrowed) == 1 else _Constraints()
    return ExportedPolicy(
        name=name,
        scope=Scope(
            _both(constraints.namespaceSelector, narrowest.namespaceSelector),
            _both(constraints.objectSelector, narrowest.objectSelector),
            max(changed(policy, "spec"), since),
            f"{marks.POLICY_KIND} {name}",
        ),
        digests=marks.policies_of(read.metadata.annotations),
        flags=tuple(read.metadata.annotations.get(marks.OPTIONS, "").split()),
        is_bound=bool(bound),
        policy=msgspec.json.decode(policy.raw),
        binding=next((msgspec.json.decode(each.raw) for each in bound if each.metadata.name == name), None),
    )


def _both(one: LabelSelector, other: LabelSelector) -> Selector:
    return Selector((*one.compiled().requirements, *other.compiled().requirements))
