"""Unit tests of policies: manifests, and what the policies must make of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from webhook.documents.files import Document
from webhook.documents.problems import OnProblem
from webhook.engine.evaluate import Decision
from webhook.engine.qos import QOSClass
from webhook.model.draft import Change, Reason
from webhook.model.image_platforms import ImagePlatforms, Known
from webhook.model.kubernetes import parse_minor_version
from webhook.model.names import Mode, WorkloadType
from webhook.model.text import value_text
from webhook.policies.kubernetes_types import Model
from webhook.policies.load import DocumentPart, parsed
from webhook.policies.policy_kinds import TEST_KIND
from webhook.policies.scalars import Platform
from webhook.policies.shipped import Profile


def _value(given: object) -> object:
    if isinstance(given, str) or (isinstance(given, list) and all(isinstance(each, str) for each in given)):
        return given
    raise ValueError("must be a string, or a list of strings: put numbers in quotes")


def _minor_version(given: object) -> int:
    if isinstance(given, str):
        return parse_minor_version(given)
    raise ValueError("must be a string: put the version in quotes")


Fields = dict[str, Annotated[str | list[str], PlainValidator(_value)]]
"""Field to value, both as `podtailor explain` prints them; to several if a list gets more than one entry."""


class Expectation(Model):
    """What must become of a manifest. Fields that are not given are not compared."""

    workloadTypes: list[WorkloadType] | None = Field(default=None, description="All of its workload types.")
    fields: Fields | None = Field(default=None, description="All fields that are set, with their values.")
    unchanged: bool = Field(default=False, description="No field is set.")
    skips: dict[str, Reason] | None = Field(
        default=None, description="Fields that are skipped, with the reason; others may be skipped too."
    )
    denied: str | None = Field(default=None, description="The Pod is denied, and the message contains this.")
    qosClass: QOSClass | None = Field(default=None, description="Its QoS class after the changes.")

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.unchanged and self.fields:
            raise ValueError("unchanged and fields exclude each other")
        given = (self.workloadTypes, self.unchanged, self.skips, self.denied, self.qosClass)
        if self.fields is None and not any(given):
            raise ValueError(
                "expects nothing: set one of fields, unchanged, skips, denied, workloadTypes, qosClass"
            )
        return self


class KnownImage(Model):
    """What is known of an image."""

    runs: list[Platform] = Field(default=[], description="Where it has run.")
    says: list[Platform] | None = Field(
        default=None, description="What a registry says, all of it; not set if it was not read."
    )


class Case(Model):
    name: str = Field(description="Name of the test.")
    manifest: str | None = Field(default=None, description="Path of a manifest, relative to this file.")
    object: dict[str, Any] | None = Field(default=None, description="The manifest itself, instead of a path.")
    select: str = Field(
        default="", description="Kind/name or Kind/namespace/name, if the file has several that make Pods."
    )
    namespace: str = Field(default="default", description="The namespace, if the manifest has none.")
    namespaceLabels: dict[str, str] = Field(default={}, description="Labels of that namespace.")
    imagePlatforms: dict[str, KnownImage] = Field(
        default={}, description="By image, as it is written in the manifest; of others nothing is known."
    )
    expect: Expectation

    def known_images(self) -> Known:
        return {
            image: ImagePlatforms(
                runs=frozenset(each.runs), says=None if each.says is None else frozenset(each.says)
            )
            for image, each in self.imagePlatforms.items()
        }

    @model_validator(mode="after")
    def _has_one_manifest(self) -> Self:
        if (self.manifest is None) is (self.object is None):
            raise ValueError("set either manifest or object")
        return self


class PolicyTest(Model):
    """A file of tests."""

    apiVersion: Literal["podtailor.dev/v1alpha1"]
    kind: Literal["PolicyTest"]
    policies: list[str] = Field(default=[], description="Files and directories, relative to this file.")
    builtin: Profile = Field(default=Profile.SAFE, description="Built-in policies: safe, strict or off.")
    presets: list[str] = Field(default=[], description="Presets to use.")
    kubernetesVersion: Annotated[int | None, BeforeValidator(_minor_version)] = Field(
        default=None, description="Version of Kubernetes, as in 1.37."
    )
    mode: Mode = Field(
        default=Mode.ENFORCE, description="Mode of namespaces without a podtailor.dev/mode label."
    )
    tests: list[Case] = Field(min_length=1)


def read(document: Document, on_problem: OnProblem) -> PolicyTest | None:
    """The tests of a file; None if there is a problem."""
    suite = parsed(
        DocumentPart(document, (), document.data),
        PolicyTest,
        f"a file of tests is a mapping with apiVersion, kind: {TEST_KIND} and tests",
    )
    if not isinstance(suite, list):
        return suite
    for problem in suite:
        on_problem(problem)
    return None


def mismatches(expected: Expectation, decision: Decision) -> Iterator[str]:
    """One line for each difference from what is expected."""
    if expected.workloadTypes is not None and set(expected.workloadTypes) != set(decision.types):
        yield f"workloadTypes: expected {', '.join(expected.workloadTypes)}, is {', '.join(decision.types)}"
    if expected.denied is None and decision.denied:
        yield f"denied: {decision.denied}"
    elif expected.denied is not None and expected.denied not in (decision.denied or ""):
        yield f"denied: expected {expected.denied!r}, is {decision.denied or 'not denied'}"
    if expected.qosClass is not None and expected.qosClass is not decision.outcome.qos.after:
        yield f"qosClass: expected {expected.qosClass}, is {decision.outcome.qos.after}"
    if expected.fields is not None or expected.unchanged:
        yield from _differing(expected.fields or {}, fields_of(decision.outcome.changes))
    skips = {skip.field: skip.reason for skip in decision.outcome.skips}
    for field, reason in (expected.skips or {}).items():
        if skips.get(field) is not reason:
            yield f"skips {field}: expected {reason}, is {skips.get(field, 'not skipped')}"


def fields_of(changes: tuple[Change, ...]) -> Fields:
    made: dict[str, list[str]] = {}
    for change in changes:
        made.setdefault(change.field, []).append(value_text(change.value))
    # An expression in several terms of a nodeAffinity is one value.
    distinct = {field: [*dict.fromkeys(values)] for field, values in made.items()}
    return {field: values[0] if len(values) == 1 else values for field, values in distinct.items()}


def _differing(expected: Fields, actual: Fields) -> Iterator[str]:
    for field in sorted({*expected, *actual}):
        if expected.get(field) != actual.get(field):
            yield f"{field}: expected {expected.get(field, 'nothing')}, is {actual.get(field, 'not set')}"
