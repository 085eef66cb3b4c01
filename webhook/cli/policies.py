"""`podtailor policies`: lint, list, show, diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer
from msgspec import structs

from webhook.cli.common import options
from webhook.cli.common.checks import CheckOutput, passed, print_results, results_of
from webhook.cli.common.inputs import Filenames, Paths, Recursive, inputs_of, required
from webhook.cli.common.output import Format, TableOutput, print_data
from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.tables import describe_columns, print_table
from webhook.cli.common.terminal import print_diff, warn, write
from webhook.cli.policy_rows import COLUMNS, as_json
from webhook.cli.shell.help import Verbs
from webhook.documents import yaml_dump
from webhook.documents.files import read_all
from webhook.errors import ClusterError, InputError
from webhook.model.names import Mode
from webhook.model.policy import BUILT_IN_ORDER, Policy, precedence
from webhook.policies.load import load, spec_of
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile, built_in_text, preset_names, preset_text, presets

app = Verbs(help="Check, list, show and compare policies.")


@app.command()
def lint(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Policy file, directory or -.")],
    output: CheckOutput = Format.TABLE,
    *,
    recursive: Recursive = False,
) -> None:
    """Check policy documents.

    Reports every problem with file, line and column, and ends with exit code 2 if there is one.

    \b
    Examples:
      podtailor policies lint policies/
      kubectl get cwp,wp -A -o yaml | podtailor policies lint -
    """
    inputs = inputs_of("policies lint", paths, recursive=recursive, of_manifests=False)
    loaded = load(inputs.paths, recursive=recursive, command=inputs.command)
    if not loaded.policies and not loaded.problems:
        raise InputError(f"{', '.join(paths)}: no policy found", name="no-policies")
    if output is Format.JSON or output is Format.YAML:
        names = [policy.name for policy in loaded.policies]
        print_data({"policies": names, "problems": [each.fields for each in loaded.problems]}, output)
    elif output is not Format.TABLE:
        results = [*results_of(loaded.problems), *map(passed, loaded.policies)]
        print_results(results, output, title="podtailor policies lint")
    else:
        count = len(loaded.or_raise())
        print(f"{count} {'policy' if count == 1 else 'policies'}, no problem")
    if loaded.problems:
        raise typer.Exit(2)


@app.command("list")
def list_(
    ctx: typer.Context,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: TableOutput = Format.TABLE,
    *,
    from_cluster: options.FromCluster = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Also list presets that are not in use, with mode Off.")
    ] = False,
) -> None:
    """List policies in order of precedence.

    By default those in force in the cluster: its own, and the built-ins and presets of the server installed
    there. With -p, --builtin or --preset alone, those of files, built-ins and presets, without a cluster.

    \b
    Columns:
    COLUMNS

    \b
    Examples:
      podtailor policies list
      podtailor policies list --builtin strict --preset mongodb
      podtailor policies list -p new-policy.yaml --from-cluster
    """
    if from_cluster or kubeconfig or context or not _names_sources(ctx):
        own = PolicyOptions(policies=policies, builtin=builtin, preset=preset)
        listed = _of_cluster(own, ctx, kubeconfig, context)
    else:
        listed = in_force(policies or (), builtin, preset or ())
    ordered = sorted(listed, key=precedence)
    if all_:
        named = {policy.name for policy in ordered}
        off = presets(name for name in preset_names() if name not in named)
        off = tuple(structs.replace(policy, mode=Mode.OFF) for policy in off)
        ordered = sorted((*ordered, *off), key=precedence)
    if output is Format.JSON or output is Format.YAML:
        print_data([as_json(policy) for policy in ordered], output)
    else:
        print_table(COLUMNS, ordered, wide=output is Format.WIDE)


def _names_sources(ctx: typer.Context) -> bool:
    return any(options.is_given(ctx, name) for name in ("policies", "builtin", "preset"))


def _of_cluster(
    own: PolicyOptions, ctx: typer.Context, kubeconfig: str | None, context: str | None
) -> tuple[Policy, ...]:
    """Raises InputError."""
    from webhook.cli.cluster import cluster_view
    from webhook.cli.common import connect
    from webhook.cluster.client import api_client

    try:
        api = api_client(kubeconfig, context, retry_429=True)
        part = cluster_view.cluster_part(api, None, connect.namespace_or_current(None, kubeconfig, context))
        return cluster_view.policies_in_force(api, part, own, ctx)
    except ClusterError as error:
        if kubeconfig or context:
            raise
        error.hint += (
            "\nwithout a cluster, --builtin safe lists the policies that ship, and -p PATH those of files"
        )
        raise


@app.command()
def diff(
    paths: Paths = None,
    filename: Filenames = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    *,
    recursive: Recursive = False,
    fail_fast: FailFast = False,
) -> None:
    """Show what policy files would change in the cluster.

    \b
    Examples:
      podtailor policies diff -f policies/
    """
    from webhook.cluster import reads
    from webhook.cluster.client import api_client
    from webhook.cluster.part import ClusterPart

    inputs = required(inputs_of("policies diff", paths, filename, recursive=recursive, of_manifests=False))
    problems = Problems(fail_fast=fail_fast)
    given = load(inputs.paths, recursive=recursive, command=inputs.command)
    problems.add_all(given.problems)
    if not given.policies and not problems.found:
        raise InputError(f"{inputs.title}: no policy found", name="no-policies")
    api = api_client(kubeconfig, context, retry_429=True)
    part = ClusterPart(unreadable=[])
    differs = False
    for data in (part.data for part in given.parts):
        kind, key = data["kind"], _key(data["metadata"])
        with part.note_if_forbidden(f"{kind} {key}", "whether it would change is unknown"):
            old, new = _spec_text(reads.policy_document(api, key) or {}), _spec_text(data)
            if old != new:
                differs = True
                print_diff(old, new, f"{kind}/{key}")
    for note in part.unreadable or ():
        warn(note, name="incomplete-view")
    problems.exit_if_any()
    raise typer.Exit(1 if differs or part.unreadable else 0)


def _spec_text(data: dict[str, Any]) -> str:
    """In one format and without defaults: the API server writes those out, people do not."""
    if not data:
        return ""
    return msgspec.json.format(msgspec.json.encode(spec_of(data), order="sorted"), indent=2).decode() + "\n"


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="POLICY", help="Its NAME; of a WorkloadPolicy NAMESPACE/NAME.")
    ],
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    *,
    from_cluster: options.FromCluster = False,
) -> None:
    """Print a policy, built-in policy or preset as YAML, ready to apply.

    The cluster is asked only for names that are not in files and do not ship, or with --from-cluster.

    \b
    Examples:
      podtailor policies show mongodb
      podtailor policies show general --builtin strict > general.yaml
    """
    texts = dict(_shipped(builtin))
    own = list(_documents(policies or []))
    known = {*texts, *(each for each, _ in own)}
    if from_cluster or kubeconfig or context or name not in known:
        own += _document_of_cluster(name, known, kubeconfig, context)
    if any(each == name for each, _ in own):
        texts.pop(name, None)
    shown = [text for each, text in (*own, *texts.items()) if each == name]
    if not shown:
        raise _unknown(name, known)
    write("---\n".join(text.removeprefix("---\n") for text in shown))


def _document_of_cluster(
    key: str, known: set[str], kubeconfig: str | None, context: str | None
) -> list[tuple[str, str]]:
    """Key and text of the policy in the cluster; empty if it has none. Raises InputError."""
    from webhook.cluster import reads
    from webhook.cluster.client import api_client

    try:
        data = reads.policy_document(api_client(kubeconfig, context, retry_429=True), key)
    except ClusterError as error:
        if kubeconfig or context or key in known:
            raise
        raise _unknown(key, known, f"; cluster: {error}", error.hint) from error
    return [(key, _as_yaml(data))] if data else []


def _unknown(name: str, known: set[str], more: str = "", hint: str = "") -> InputError:
    message = f"no policy {name!r}; known policies are {', '.join(sorted(known)) or 'none'}{more}"
    return InputError(message, name="unknown-policy", hint=hint)


def _as_yaml(data: dict[str, Any]) -> str:
    """Without the fields that the API server adds."""
    metadata = {
        key: value for key, value in data["metadata"].items() if key in ("name", "namespace", "labels")
    }
    kept = {key: data[key] for key in ("apiVersion", "kind")}
    return yaml_dump.dump({**kept, "metadata": metadata, "spec": data["spec"]})


def _shipped(builtin: Profile) -> Iterator[tuple[str, str]]:
    """Name and text of every preset, and of the built-ins of a profile."""
    yield from ((name, preset_text(name)) for name in preset_names())
    if builtin is not Profile.OFF:
        yield from ((name, built_in_text(builtin, name)) for name in BUILT_IN_ORDER)


def _documents(paths: list[str]) -> Iterator[tuple[str, str]]:
    """Name and text of every policy in `paths`."""
    for document in read_all(paths):
        data = document.data if isinstance(document.data, dict) else {}
        metadata = data.get("metadata")
        if data.get("kind") in ("ClusterWorkloadPolicy", "WorkloadPolicy") and isinstance(metadata, dict):
            yield _key(metadata), document.text


def _key(metadata: dict[str, Any]) -> str:
    return "/".join(str(metadata[part]) for part in ("namespace", "name") if metadata.get(part))


describe_columns(list_, COLUMNS)
