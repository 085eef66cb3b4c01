"""The CustomResourceDefinitions of manifests/crds, generated from the models of webhook/policies.

The API server requires a structural schema. Pydantic's own is none, because it has `$ref` and `anyOf`; so every
type is written out where it is used.
"""

from __future__ import annotations

from enum import EnumMeta
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from webhook.documents import yaml_dump
from webhook.policies.kubernetes_types import Model
from webhook.policies.policy_kinds import GROUP, KINDS, VERSION, PolicyKind, Rule
from webhook.policies.scalars import Text
from webhook.policies.schema import Spec

FOLDER = Path("manifests/crds")
Schema = dict[str, Any]


def definitions() -> dict[str, Schema]:
    """File name to CustomResourceDefinition."""
    return {f"{kind.plural}.yaml": _definition(kind) for kind in KINDS}


def _definition(kind: PolicyKind) -> Schema:
    root = {
        "description": f"A {kind.kind} sets what Pods in {kind.reach} leave unset.",
        "type": "object",
        "required": ["spec"],
        **_validations(kind.rules),
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {**of_model(Spec), "description": "Which Pods the policy applies to, and what it sets."},
            "status": _STATUS,
        },
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _COLUMNS,
        "schema": {"openAPIV3Schema": root},
    }
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "shortNames": [kind.short],
        "categories": ["podtailor"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": kind.scope, "versions": [version]},
    }


_COLUMNS = [
    {"name": "Mode", "type": "string", "jsonPath": ".spec.mode"},
    {"name": "Types", "type": "string", "jsonPath": ".spec.match.workloadTypes"},
    {"name": "Priority", "type": "integer", "jsonPath": ".spec.priority"},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Matched", "type": "integer", "jsonPath": ".status.matchedPods"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
_CONDITION = {
    "description": "A metav1.Condition.",
    "type": "object",
    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "observedGeneration": {"type": "integer", "format": "int64"},
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "reason": {"type": "string"},
        "message": {"type": "string"},
    },
}
_STATUS = {
    "description": "Written by podtailor.",
    "type": "object",
    "properties": {
        "conditions": {
            "description": "Ready: whether the policy is in force, and why not.",
            "type": "array",
            "items": _CONDITION,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
        "matchedPods": {
            "description": "How many new Pods the policy matched, in mode Audit too, without dry runs: "
            "the sum of matchedBy. Unset before the first.",
            "type": "integer",
            "format": "int64",
        },
        "matchedBy": {
            "description": "The count of each running replica of podtailor since it started.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["replica", "pods", "since"],
                "properties": {
                    "replica": {"type": "string", "description": "The name of its Pod."},
                    "pods": {"type": "integer", "format": "int64"},
                    "since": {
                        "type": "string",
                        "format": "date-time",
                        "description": "When it started to count.",
                    },
                },
            },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["replica"],
        },
    },
}


def of_model(model: type[BaseModel]) -> Schema:
    fields = model.model_fields
    required = [name for name, field in fields.items() if field.is_required()]
    made: Schema = {"type": "object"}
    if required:
        made["required"] = required
    if issubclass(model, Model):
        made |= _validations(model.rules)
    return {**made, "properties": {name: _of_field(field) for name, field in fields.items()}}


def _of_field(field: FieldInfo) -> Schema:
    made = _of(field.annotation, tuple(field.metadata))
    if isinstance(field.default, str | int):
        made["default"] = field.default if isinstance(field.default, int) else str(field.default)
    extra = field.json_schema_extra
    return {"description": field.description, **made, **(extra if isinstance(extra, dict) else {})}


def _of(annotation: Any, notes: tuple[Any, ...]) -> Schema:
    """The schema of a type; `notes` is the metadata of its Annotated or Field."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        more = tuple(part for note in arguments[1:] for part in _unpacked(note))
        return _of(arguments[0], (*notes, *more))
    if origin in (Union, UnionType):
        return _of(next(each for each in arguments if each is not NoneType), notes)
    if origin is list:
        items = _of(arguments[0], ())
        return {"type": "array", "items": items, **_bounded("minItems", notes), **_bounded("maxItems", notes)}
    if origin is dict:
        return _of_map(arguments[0], arguments[1], notes)
    if origin is Literal or isinstance(annotation, EnumMeta):
        words = arguments if origin is Literal else list(annotation)
        return {"type": "string", "enum": [str(word) for word in words]}
    if annotation is int:
        bounds = {"ge": "minimum", "le": "maximum"}
        given = {
            bounds[name]: getattr(note, name) for note in notes for name in bounds if hasattr(note, name)
        }
        return {"type": "integer", "format": "int64", **given}
    if annotation is str:
        return _of_text(next(note for note in notes if isinstance(note, Text)))
    return of_model(annotation)


def _of_map(key: Any, value: Any, notes: tuple[Any, ...]) -> Schema:
    if get_origin(key) is Literal:  # as properties, so that kubectl explain lists them
        return {"type": "object", "properties": {name: _of(value, ()) for name in get_args(key)}}
    text = next(note for note in get_args(key)[1:] if isinstance(note, Text))
    rules = [
        Rule(f"self.all(k, {rule.rule.replace('self', 'k')})", rule.message)
        for rule in (*text.rules, *_as_rules(text))
    ]
    made = {"type": "object", "additionalProperties": _of(value, ())}
    return {**made, **_bounded("maxProperties", notes), **_validations(tuple(rules))}


def _as_rules(text: Text) -> list[Rule]:
    """The pattern of a map's keys as a rule, because OpenAPI has no schema for keys."""
    if not text.pattern:
        return []
    return [Rule(f"self.matches('^({_quoted(text.pattern)})$')", "keys must be qualified names")]


def _quoted(pattern: str) -> str:
    return pattern.replace("\\", "\\\\")


def _of_text(text: Text) -> Schema:
    made: Schema = {"type": "string", "maxLength": text.max_length}
    if text.pattern:
        made["pattern"] = f"^({text.pattern})$"
    return {**made, **_validations(text.rules)}


def _unpacked(note: Any) -> tuple[Any, ...]:
    return tuple(note.metadata) if isinstance(note, FieldInfo) else (note,)


def _bounded(name: str, notes: tuple[Any, ...]) -> Schema:
    limit = "min_length" if name.startswith("min") else "max_length"
    return next(({name: getattr(note, limit)} for note in notes if hasattr(note, limit)), {})


def _validations(rules: tuple[Rule, ...]) -> Schema:
    if not rules:
        return {}
    return {"x-kubernetes-validations": [{"rule": each.rule, "message": each.message} for each in rules]}


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions().items():
        text = yaml_dump.dump(definition)
        (folder / name).write_text(f"# Generated by `make generate`.\n{text}")


if __name__ == "__main__":
    write()
