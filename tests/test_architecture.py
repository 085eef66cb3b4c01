"""The house stands as it was planned: what may import what, and how large a room is."""

from __future__ import annotations

import ast
import logging.config
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_point_down_and_fences_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # It silences every logger there is, for all tests after this one.
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_room_is_too_large() -> None:
    files = [file for root in ("webhook", "certs", "bench", "tools") for file in Path(root).rglob("*.py")]
    assert len(files) > 100
    lengths = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_room_holds_more_than_its_share() -> None:
    """A room is a folder with its own files; what stands in folders below it counts for those."""
    lines: Counter[str] = Counter()
    for root in ("webhook", "certs"):
        for file in Path(root).rglob("*.py"):
            lines[str(file.parent)] += len(file.read_text().splitlines())
    total = lines.total()
    assert {room: count for room, count in lines.items() if count > 0.15 * total} == {}


# What may write to an API server, and with which verbs.
_WRITERS = {
    "webhook/certificates/rotator.py": {"PATCH"},
    "webhook/certificates/secret.py": {"POST", "PUT"},
    "webhook/cluster/event_writer.py": {"PATCH", "POST"},
    "webhook/cluster/match_writer.py": {"PATCH"},
    "webhook/cluster/policy_writer.py": {"PATCH"},
    "webhook/cluster/status_writer.py": {"PATCH"},
    "webhook/audit/reports/publish.py": {"PATCH", "DELETE"},
    "webhook/images/snapshot.py": {"PATCH"},
    "webhook/resize/events.py": {"POST"},
    "webhook/resize/new_pod.py": {"POST"},  # with dryRun=All: stores nothing
    "webhook/resize/running_pods.py": {"PATCH"},
    "webhook/resize/template_run.py": {"PATCH"},
    "webhook/retrofit/rollout.py": {"PATCH"},
}


def test_only_these_write_to_an_api_server() -> None:
    files = {file: file.read_text() for root in ("webhook", "certs") for file in Path(root).rglob("*.py")}
    assert {
        str(file) for file, text in files.items() if re.search(r"\bcall_api\b|rest_client", text)
    } == _CALLERS
    writers = {
        str(file): verbs
        for file, text in files.items()
        if (verbs := set(re.findall(r"[\"'](POST|PUT|PATCH|DELETE)[\"']", text)))
    }
    assert writers == _WRITERS | _NO_API_SERVER
    # The methods of the client's API classes write without naming a verb.
    typed = {
        str(file) for file, text in files.items() if re.search(r"\bCustomObjectsApi\b|\w+V\d\w*Api\b", text)
    }
    assert typed == {"webhook/certificates/probe.py"}  # forwards a port of a Pod


# Our own webhook: its route, and the example that `serve --dev` sends to it. Queries to Prometheus. Tokens of registries.
_NO_API_SERVER = {
    "webhook/server/app.py": {"POST"},
    "webhook/cli/serve/dev.py": {"POST"},
    "webhook/usage/prometheus/server.py": {"POST"},
    "webhook/images/registry/transport.py": {"POST"},
}
# The only module that calls an API server itself.
_CALLERS = {"webhook/cluster/request.py"}


def test_contributing_names_every_room_in_the_order_of_imports() -> None:
    rows = re.findall(r"^\| `([\w/.]+)` \|", Path("CONTRIBUTING.md").read_text(), re.MULTILINE)
    rooms = [row.removesuffix(".py").replace("/", ".") for row in rows]
    contracts = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    assert rooms == [room for layer in layers for room in layer.split(" | ")]
    packages = {f"webhook.{each.parent.name}" for each in Path("webhook").glob("*/__init__.py")}
    assert packages | {"certs"} <= set(rooms)


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    declared = {_distribution(each) for each in project["dependencies"]}
    for_tests = {_distribution(each) for each in project["optional-dependencies"]["dev"]}
    distributions = packages_distributions()
    imported = {*_imported("webhook", distributions), *_imported("certs", distributions)}
    # uvicorn imports it, where it is there.
    assert declared == imported | {"httptools"}
    for root in ("bench", "tests", "tools"):
        assert {*_imported(root, distributions)} <= declared | for_tests


def _imported(root: str, distributions: Mapping[str, list[str]]) -> Iterator[str]:
    """The distributions of what modules of this folder import."""
    for file in Path(root).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=names):
                    modules = [each.name for each in names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            for name in {each.partition(".")[0] for each in modules} - sys.stdlib_module_names - _OURS:
                yield from map(_distribution, distributions[name])


_OURS = {"bench", "certs", "tests", "tools", "webhook"}


def _distribution(requirement: str) -> str:
    """The name in it, as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


# Modules without a test file of their own name, and the file that tests them.
_TESTED_BY = {
    "webhook/audit/cluster/discovery.py": "tests/e2e/test_audit.py",
    "webhook/audit/cluster/objects.py": "tests/audit/cluster/test_workloads.py",
    "webhook/audit/costs/costs.py": "tests/audit/costs/test_costing.py",
    "webhook/audit/costs/objects.py": "tests/e2e/test_audit.py",
    "webhook/audit/findings.py": "tests/audit/test_judge.py",
    "webhook/audit/reports/html.py": "tests/browser/test_report.py",
    "webhook/audit/reports/records.py": "tests/cli/audit/test_reporting.py",
    "webhook/certificates/probe.py": "tests/e2e/test_certs.py",
    "webhook/certificates/rotator.py": "tests/e2e/test_rotation.py",
    "webhook/certificates/secret.py": "tests/e2e/test_rotation.py",
    "webhook/cli/audit/cluster.py": "tests/e2e/test_audit.py",
    "webhook/cli/audit/fail_on.py": "tests/cli/audit/test_command.py",
    "webhook/cli/audit/manifests.py": "tests/cli/audit/test_command.py",
    "webhook/cli/audit/measured.py": "tests/cli/audit/test_usage.py",
    "webhook/cli/certs/cluster.py": "tests/e2e/test_certs.py",
    "webhook/cli/cluster/cluster_view.py": "tests/e2e/test_cluster_commands.py",
    "webhook/cli/common/connect.py": "tests/e2e/test_cluster_commands.py",
    "webhook/cli/common/policy_options.py": "tests/cli/test_policies.py",
    "webhook/cli/common/printable.py": "tests/cli/common/test_output.py",
    "webhook/cli/common/progress.py": "tests/e2e/test_cluster_commands.py",
    "webhook/cli/common/safe_console.py": "tests/cli/common/test_output.py",
    "webhook/cli/mutate/results.py": "tests/cli/mutate/test_command.py",
    "webhook/cluster/feedback.py": "tests/e2e/test_events.py",
    "webhook/cluster/policy_writer.py": "tests/e2e/test_recommend.py",
    "webhook/cli/explain/live.py": "tests/e2e/test_cluster_commands.py",
    "webhook/cli/images/owners.py": "tests/cli/images/test_cluster.py",
    "webhook/cli/policy_rows.py": "tests/cli/test_policies.py",
    "webhook/cli/recommend/cluster.py": "tests/e2e/test_recommend.py",
    "webhook/cli/recommend/judging.py": "tests/cli/recommend/test_command.py",
    "webhook/cli/recommend/owners.py": "tests/cli/recommend/test_command.py",
    "webhook/cli/recommend/reading.py": "tests/e2e/test_recommend.py",
    "webhook/cli/resize/command.py": "tests/e2e/resize/test_kubelets.py",
    "webhook/cli/resize/progress.py": "tests/e2e/resize/test_kubelets.py",
    "webhook/cli/resize/resizing.py": "tests/e2e/resize/test_kubelets.py",
    "webhook/cli/retrofit/command.py": "tests/e2e/test_audit.py",
    "webhook/cli/retrofit/resizes.py": "tests/e2e/test_audit.py",
    "webhook/cli/serve/certificates.py": "tests/cli/serve/test_command.py",
    "webhook/documents/yaml_scanner.py": "tests/documents/test_files.py",
    "webhook/edits/resources/container_resources.py": "tests/edits/resources/test_edit.py",
    "webhook/errors.py": "tests/cluster/test_part.py",
    "webhook/export/cel/values.py": "tests/export/cel/test_lists.py",
    "webhook/export/classify.py": "tests/e2e/export/test_equal.py",
    "webhook/export/declared.py": "tests/e2e/export/test_equal.py",
    "webhook/export/devices.py": "tests/e2e/export/test_equal.py",
    "webhook/export/node_affinity.py": "tests/e2e/export/test_equal.py",
    "webhook/export/node_selector.py": "tests/e2e/export/test_equal.py",
    "webhook/export/patch.py": "tests/export/test_traps.py",
    "webhook/export/placement.py": "tests/e2e/export/test_equal.py",
    "webhook/export/pod.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resize_policy.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/bounds.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/container_resources.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/eligibility.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/limits.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/product.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/proposals.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/requests.py": "tests/e2e/export/test_equal.py",
    "webhook/export/resources/write.py": "tests/e2e/export/test_equal.py",
    "webhook/export/rules.py": "tests/e2e/export/test_equal.py",
    "webhook/export/scope.py": "tests/e2e/export/test_equal.py",
    "webhook/export/selectors.py": "tests/e2e/export/test_equal.py",
    "webhook/export/tolerations.py": "tests/e2e/export/test_equal.py",
    "webhook/file_watch.py": "tests/test_supervision.py",
    "webhook/images/registry/image.py": "tests/images/registry/test_client.py",
    "webhook/images/registry/repository.py": "tests/images/registry/test_client.py",
    "webhook/images/snapshot.py": "tests/cli/images/test_cluster.py",
    "webhook/messages/checks.py": "tests/messages/test_messages.py",
    "webhook/messages/export.py": "tests/messages/test_messages.py",
    "webhook/messages/cluster.py": "tests/messages/test_messages.py",
    "webhook/messages/commands.py": "tests/messages/test_messages.py",
    "webhook/messages/findings.py": "tests/messages/test_messages.py",
    "webhook/messages/input.py": "tests/messages/test_messages.py",
    "webhook/messages/message.py": "tests/messages/test_messages.py",
    "webhook/messages/pods.py": "tests/messages/test_messages.py",
    "webhook/messages/policies.py": "tests/messages/test_messages.py",
    "webhook/messages/recommendations.py": "tests/messages/test_messages.py",
    "webhook/messages/resizes.py": "tests/messages/test_messages.py",
    "webhook/messages/server.py": "tests/messages/test_messages.py",
    "webhook/messages/usage.py": "tests/messages/test_messages.py",
    "webhook/model/denial.py": "tests/server/test_wire.py",
    "webhook/model/placement.py": "tests/edits/test_node_selector.py",
    "webhook/policies/policy_kinds.py": "tests/e2e/test_crds.py",
    "webhook/policies/policy_tests.py": "tests/cli/test_test.py",
    "webhook/policies/selection.py": "tests/policies/test_schema.py",
    "webhook/policies/watch.py": "tests/e2e/test_policy_changes.py",
    "webhook/cli/export/cluster.py": "tests/e2e/export/test_command.py",
    "webhook/cli/export/notices.py": "tests/cli/export/test_command.py",
    "webhook/cli/export/sources.py": "tests/cli/export/test_command.py",
    "webhook/recommend/owner.py": "tests/recommend/test_recommend.py",
    "webhook/resize/batch_run.py": "tests/resize/test_run.py",
    "webhook/resize/events.py": "tests/e2e/resize/test_permissions.py",
    "webhook/resize/facts.py": "tests/resize/test_rules.py",
    "webhook/resize/gather.py": "tests/e2e/resize/test_api.py",
    "webhook/resize/harm.py": "tests/resize/test_run.py",
    "webhook/resize/new_pod.py": "tests/e2e/resize/test_kubelets.py",
    "webhook/resize/owners.py": "tests/e2e/resize/test_api.py",
    "webhook/resize/results.py": "tests/resize/test_run.py",
    "webhook/resize/running_pods.py": "tests/e2e/resize/test_api.py",
    "webhook/resize/sending.py": "tests/resize/test_run.py",
    "webhook/resize/sent.py": "tests/resize/test_run.py",
    "webhook/resize/settings.py": "tests/resize/test_run.py",
    "webhook/resize/template_run.py": "tests/e2e/resize/test_in_step.py",
    "webhook/retrofit/resize.py": "tests/e2e/test_audit.py",
    "webhook/retrofit/rollout.py": "tests/e2e/test_audit.py",
    "webhook/retrofit/trial.py": "tests/e2e/test_audit.py",
    "webhook/server/log.py": "tests/server/test_recorder.py",
    "webhook/server/protocol.py": "tests/server/test_hostile.py",
    "webhook/server/reviewer.py": "tests/server/test_wire.py",
    "webhook/server/settings.py": "tests/server/test_service.py",
    "webhook/server/tls.py": "tests/server/test_service.py",
    "webhook/usage/records.py": "tests/usage/test_files.py",
    "webhook/usage/prometheus/measuring.py": "tests/usage/prometheus/test_source.py",
    "webhook/workloads/controllers.py": "tests/workloads/test_templates.py",
}
# Test files about a subject instead of a module. Those of the other folders are about subjects all.
_SUBJECTS = {
    "tests/completion/test_scripts.py",
    "tests/export/test_traps.py",
    "tests/resize/test_laws.py",
    "tests/server/test_hostile.py",
    "tests/server/test_keep_alive.py",
    "tests/server/test_long_values.py",
    "tests/server/test_memory.py",
    "tests/server/test_not_ready.py",
    "tests/test_architecture.py",
    "tests/test_bench.py",
    "tests/test_docs.py",
    "tests/test_manifests.py",
    "tests/test_pages.py",
    "tests/test_translations.py",
    "tests/test_version.py",
}
_FOLDERS_OF_SUBJECTS = {"browser", "e2e", "elsewhere", "image", "laws", "pipelines", "soak", "support"}


def test_every_module_has_a_test_file_of_its_name() -> None:
    """Except those of the table, which names only modules that need it and test files that exist."""
    modules = [file for root in ("webhook", "certs") for file in Path(root).rglob("*.py") if _has_code(file)]
    without = {str(module) for module in modules if not _test_file(module).is_file()}
    assert without == set(_TESTED_BY)
    assert [file for file in _TESTED_BY.values() if not Path(file).is_file()] == []


def test_every_test_file_is_of_a_module_or_a_subject() -> None:
    modules = [file for root in ("webhook", "certs") for file in Path(root).rglob("*.py")]
    mirrored = {_test_file(module) for module in modules}
    others = {
        str(file)
        for file in Path("tests").rglob("test_*.py")
        if file.parts[1] not in _FOLDERS_OF_SUBJECTS and file not in mirrored
    }
    assert others == _SUBJECTS


def _has_code(file: Path) -> bool:
    """Whether there is more in it than a docstring, imports and constants of one line."""
    body = ast.parse(file.read_text()).body
    return file.stem != "__init__" or any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body)


def _test_file(module: Path) -> Path:
    """`tests/a/test_b.py` of `webhook/a/b.py`; the code of a package has the package's name."""
    rooms = module.parent.parts if module.parts[0] == "certs" else module.parent.parts[1:]
    name = module.parent.name if module.stem == "__init__" else module.stem.strip("_")
    return Path("tests", *rooms, f"test_{name}.py")
