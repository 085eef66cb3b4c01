"""Recommendations where they belong: as policies, as patches, or in the manifests that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from webhook.cli.common.output import pluralize
from webhook.cli.common.owners import short
from webhook.cli.common.problems import Problems
from webhook.cli.common.terminal import warn, write
from webhook.cli.recommend.owners import Owned
from webhook.documents import yaml_dump
from webhook.documents.files import Document
from webhook.documents.problems import InvalidInputError
from webhook.documents.replace import replace_files
from webhook.documents.yaml_edit import edited
from webhook.model.patch import Write, operations
from webhook.model.pod import NO_RESOURCES, PodView
from webhook.recommend.recommend import Recommendation
from webhook.recommend.to_manifests import patch, writes
from webhook.recommend.to_policies import MAX_POLICIES, Images, Template, to_policies

if TYPE_CHECKING:
    from webhook.cluster.client import Api

Results = Sequence[tuple[Owned, Sequence[Recommendation]]]


def write_policies(results: Results, api: Api | None, *, by_image: bool, is_whole: bool) -> bool:
    """Print them, or write them into a cluster, with a warning for each value that no policy could set.

    `is_whole`: whether the results are of all namespaces. False if there was something to write into the
    cluster, and nothing is in it. Raises ClusterError.
    """
    templates = {
        owned.found.state.ref: Template(owned.found.workload, owned.selector) for owned, _ in results
    }
    repositories = {
        (owned.found.state.ref, container): image
        for owned, _ in results
        for container, image in owned.found.images.items()
    }
    images = Images(repositories, is_whole) if by_image else None
    made = to_policies((each for _, found in results for each in found), templates, images)
    if api is None:
        write(_stream(made.documents))
    for line in made.without_effect:
        warn(f"{line.owner}: {line.field}: {line.value} is not written: {line.why}", name="no-effect")
    for namespace in made.crowded:
        warn(
            f"{namespace}: more than {MAX_POLICIES} policies, of which the oldest are in force"
            f"{': none is written' if api else ''}",
            name="too-many-policies",
        )
    if api is None:
        return True
    fits = [each for each in made.documents if each["metadata"]["namespace"] not in made.crowded]
    _apply(fits, api)
    if fits:
        return True
    counts = {
        "container could not be judged": sum(not each.is_judged for _, found in results for each in found),
        "value would have no effect": len(made.without_effect),
        "namespace would have too many": len(made.crowded),
    }
    why = ", ".join(_count(count, of) for of, count in counts.items() if count)
    write(f"No policy was written: {why or 'no size is to change'}.\n")
    return not why


def _count(count: int, of: str) -> str:
    noun, _, rest = of.partition(" ")
    return f"{pluralize(count, noun)} {rest}"


def _apply(policies: Iterable[dict[str, Any]], api: Api) -> None:
    """What others have set stays, such as mode Enforce."""
    from webhook.cluster.policy_writer import apply_policy

    for policy in policies:
        conflict = apply_policy(api, policy)
        name = f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"
        write(f"{name}: {f'unchanged: {conflict}' if conflict else 'written'}\n")


def write_patches(results: Results) -> None:
    """Strategic merge patches, as `patches:` of a kustomization takes them."""
    made = (patch(owned.obj, found) for owned, found in results)
    write(_stream(each for each in made if each))


def _stream(documents: Iterable[object]) -> str:
    return "---\n".join(yaml_dump.dump(each) for each in documents)


def write_manifests(documents: Sequence[Document], results: Results, problems: Problems) -> None:
    """Into their files, all or none; comments and order stay. Raises InvalidInputError."""
    changes: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for document in documents:
        mine = [
            (owned.located, found)
            for owned, found in results
            if owned.located and owned.located.document is document
        ]
        ops = []
        lines = changes.setdefault(document.source, [])
        for located, found in mine:
            template = located.manifest.template
            made = list(writes(template, found))
            ops += operations(made, template, (*located.at, *located.manifest.at))
            lines += (
                f"  {short(found[0].owner, with_namespace=False)} {_change(template, each)}" for each in made
            )
        try:
            texts.setdefault(document.source, []).append(edited(document, ops))
        except InvalidInputError as error:
            problems.add_all(error.problems)
    problems.exit_if_any()
    replace_files({source: "".join(texts[source]) for source, lines in changes.items() if lines})
    for source, lines in changes.items():
        if lines:
            write("\n".join([f"{source}: {pluralize(len(lines), 'change')}", *lines, ""]))
    changed = sum(map(bool, changes.values()))
    write(f"{changed} of {pluralize(len(changes), 'file')} written\n")


def _change(template: PodView, written: Write) -> str:
    """As in `app: requests.cpu 1 -> 240m`."""
    _, key, index, _, side, resource = written.path
    container = getattr(template.spec, str(key))[index]
    before = (getattr(container.resources or NO_RESOURCES, str(side)) or {}).get(resource, "-")
    return f"{container.name}: {side}.{resource} {before} -> {written.value}"
