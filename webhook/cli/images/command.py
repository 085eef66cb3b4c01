"""`podtailor images`: which images run on a platform, and which owners would."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from webhook.cli.common import options
from webhook.cli.common.inputs import Filenames, Recursive, inputs_of
from webhook.cli.common.manifests import TemplatePaths, find_manifests, read_manifests
from webhook.cli.common.output import OUTPUT, Format, print_data
from webhook.cli.common.problems import Problems
from webhook.cli.common.tables import describe_columns, print_table
from webhook.cli.common.terminal import print_sentence, warn, write
from webhook.cli.images import table
from webhook.cli.images.owners import surveyed
from webhook.cli.images.registries import (
    AskWhom,
    Mirrors,
    PrivateHosts,
    RegistryConfigs,
    RegistryFlags,
    UsesPullSecrets,
    registries_of,
)
from webhook.documents.find import Inputs
from webhook.documents.problems import Problem, ProblemName
from webhook.engine.snapshot import Snapshot
from webhook.errors import UsageError
from webhook.images.asking import Ask
from webhook.images.cache import read_cache, write_cache
from webhook.images.evidence import Evidence, Knowledge
from webhook.images.summary import headline, summarize, to_json
from webhook.images.survey import Owner, judge, judge_images
from webhook.model.image_platforms import Level
from webhook.model.place import Place

if TYPE_CHECKING:
    from webhook.cli.images.cluster import ClusterImages


class Arch(StrEnum):
    """Those that Kubernetes has Nodes for."""

    AMD64 = "amd64"
    ARM64 = "arm64"
    PPC64LE = "ppc64le"
    S390X = "s390x"


ImagesFormat = Literal[Format.TABLE, Format.JSON, Format.MARKDOWN]
_FAILING = (Level.NO, Level.UNKNOWN)


def images(
    ctx: typer.Context,
    filename: Filenames = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            help="One namespace only; for manifests, the namespace of those that name none.",
        ),
    ] = None,
    selector: Annotated[
        str, typer.Option("--selector", "-l", help="Only owners with these labels, as in kubectl.")
    ] = "",
    controller: options.Controllers = None,
    arch: Annotated[
        Arch, typer.Option("--arch", help="Of the Nodes, as in kubernetes.io/arch.")
    ] = Arch.ARM64,
    ask: AskWhom = None,
    registry_config: RegistryConfigs = None,
    map_: Mirrors = None,
    allow_private_addresses: PrivateHosts = None,
    cache: Annotated[
        str,
        typer.Option(
            "--cache", metavar="FILE", help="What is known of images: read, and written if more is known."
        ),
    ] = "",
    max_age: options.MaxAge = "24h",  # type: ignore[assignment]  # typer parses the default, and shows it
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="LEVEL,...", help="Exit with 1 if an image has this level: no, unknown."
        ),
    ] = "",
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[ImagesFormat, OUTPUT] = Format.TABLE,
    *,
    pull_secrets: UsesPullSecrets = False,
    write_snapshot: Annotated[
        bool,
        typer.Option(
            "--write-snapshot",
            help="Write what is known of all images in use into the ConfigMap that policies go by.",
        ),
    ] = False,
    all_namespaces: options.AllNamespaces = False,
    recursive: Recursive = False,
) -> None:
    """Say which workloads would run on a platform such as ARM64, and which images stop the others.

    An image runs on ARM64 if a container of it was ready on such a Node, under this name or with the same
    digest. With --ask its registry says what it has for the rest. All images of a Pod count, those of init
    containers, sidecars and injected containers too. What is not known is unknown, and never no.

    With -f the workloads are those of manifests, and no cluster is read unless --context or --kubeconfig
    names one.

    \b
    Columns:
    COLUMNS

    \b
    Examples:
      podtailor images
      podtailor images -n shop --ask missing --cache images.jsonl
      podtailor images -f deploy/ --cache images.jsonl --fail-on no
      podtailor images --arch amd64 -o json
    """
    inputs = inputs_of("images", None, filename, recursive=recursive)
    options.check_scope(namespace, all_namespaces=all_namespaces)
    if inputs and (selector or all_namespaces):
        raise UsageError("-f names manifests: omit -l and -A")
    if write_snapshot and (inputs or namespace or selector):
        raise UsageError("--write-snapshot is of a whole cluster: omit -f, -n and -l")
    fails = _levels(fail_on)
    templates = options.parse_controllers(controller)
    reads_cluster = bool(not inputs or kubeconfig or context)
    registries = registries_of(
        ctx,
        RegistryFlags(
            ask=ask,
            map_=map_,
            registry_config=registry_config,
            allow_private_addresses=allow_private_addresses,
            pull_secrets=pull_secrets,
        ),
        reads_cluster=reads_cluster,
    )
    now, platform = int(time.time()), f"linux/{arch}"
    writes_cache = bool(cache) and (reads_cluster or registries.ask is not Ask.NEVER)
    evidence = read_cache(cache, may_be_new=writes_cache) if cache else []
    problems = Problems()
    owners = _of_files(inputs, templates, namespace or "default", problems) if inputs else []
    seen: tuple[Evidence, ...] = ()
    cluster: ClusterImages | None = None
    if reads_cluster:
        from webhook.cli.images.cluster import ClusterImages

        only = None if inputs else namespace
        everywhere = all_namespaces or write_snapshot
        cluster = ClusterImages(kubeconfig, context, only, all_namespaces=everywhere)
        evidence += cluster.snapshot() if write_snapshot else []
        seen = cluster.evidence(now)
        owners = owners if inputs else cluster.owners(selector, templates)
    oldest = round(max_age.total_seconds())
    known = Knowledge([*evidence, *seen], now=now, max_age=oldest)
    references = registries.to_ask(chain(*(each.images for each in owners)), known, platform)
    secrets = cluster.pull_secrets(references) if cluster and pull_secrets else []
    answers = registries.answers(references, known, secrets, now=now)
    for note in cluster.notes if cluster else ():
        warn(note, name="incomplete-view")
    known = Knowledge([*known.evidence, *answers], now=now, max_age=oldest)
    if cache and (seen or answers):
        write_cache(cache, known.evidence)
    if cluster and write_snapshot:
        cluster.write_snapshot(known.evidence, owners)
    levels = _print(owners, known, arch, output)
    problems.exit_if_any()
    if not fails.isdisjoint(levels):
        raise typer.Exit(1)


describe_columns(images, table.COLUMNS)


def _levels(text: str) -> set[Level]:
    """Raises UsageError."""
    words = [word for word in text.split(",") if word]
    unknown = next((word for word in words if word not in _FAILING), None)
    if unknown:
        raise UsageError(f"--fail-on {unknown}: one of {', '.join(_FAILING)}")
    return set(map(Level, words))


def _of_files(inputs: Inputs, templates: TemplatePaths, namespace: str, problems: Problems) -> list[Owner]:
    located = (
        each
        for document in read_manifests(inputs, templates, problems.add)
        for each in find_manifests(document, templates, problems.add)
    )
    owners = surveyed((each.workload(namespace) for each in located), Snapshot())
    if not owners and not problems.found:
        message = "no workload found, so no image was looked at"
        problems.add(Problem(ProblemName.NO_MANIFESTS, Place(inputs.title), message))
    return owners


def _print(owners: Sequence[Owner], known: Knowledge, arch: Arch, output: ImagesFormat) -> set[Level]:
    """Returns the levels that images have."""
    platform = f"linux/{arch}"
    judged = [judge(each, known, platform) for each in owners]
    found = judge_images(owners, known, platform)
    summary = summarize(judged)
    sentence = headline(summary, arch.upper())
    if output is Format.JSON:
        print_data(to_json(platform, summary, judged, found), output)
    elif output is Format.MARKDOWN:
        write(table.markdown(sentence, table.rows(found)))
    else:
        print_sentence(Text(f"{sentence}.", style="bold"))
        print_table(table.COLUMNS, table.rows(found))
    return {each.level for each in found}
