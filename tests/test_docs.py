"""Every command of README and docs is run, and prints what the page says; those for a cluster in tests/e2e."""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.pages import BLOCK, ELSEWHERE, PAGES, Step, output, steps, with_exit_code
from tools import reference
from webhook.cli import main
from webhook.documents.files import read_file
from webhook.policies.load import load_or_raise

HERE = [step for step in steps() if not (step.needs_a_cluster or step.needs_a_node)]


@pytest.mark.parametrize("step", HERE, ids=[f"{step.page.stem}: {step.command}" for step in HERE])
def test_command_prints_what_the_page_says(
    step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if step.command in ELSEWHERE:
        assert Path(ELSEWHERE[step.command]).exists()
        return
    if "certs show" in step.command:
        output(f"podtailor certs issue --out {tmp_path}/tls")
    command = step.command.replace("build/", f"{tmp_path}/")
    runs_here = re.fullmatch(r"podtailor (?!serve)[^|>&$*]*", command)
    printed = _here(command, monkeypatch) if runs_here else output(command)
    printed = printed.replace(f"{tmp_path}/", "build/")
    assert step.fits(printed), printed


def _here(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What it prints, run in this process: to start one takes most of the time of a command."""
    printed = io.BytesIO()
    with io.TextIOWrapper(printed, write_through=True) as both, monkeypatch.context() as patched:
        patched.setattr(sys, "argv", shlex.split(command))
        patched.setattr(sys, "stdout", both)
        patched.setattr(sys, "stderr", both)
        patched.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        return with_exit_code(printed.getvalue().decode(), int(ended.value.code or 0))


def test_reference_is_what_the_code_says() -> None:
    assert reference.PAGE.read_text() == reference.text(), "run make generate"


def test_policies_of_pages_are_valid(tmp_path: Path) -> None:
    found = 0
    for page in PAGES:
        for _, language, body in BLOCK.findall(page.read_text()):
            if language == "yaml" and re.search(r"^kind: (Cluster)?WorkloadPolicy$", body, re.MULTILINE):
                (tmp_path / f"{found}.yaml").write_text(body)
                assert load_or_raise([str(tmp_path / f"{found}.yaml")])
                found += 1
    assert found


def test_links_lead_somewhere() -> None:
    others = (
        *map(Path, ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
        *Path("docs/decisions").glob("*.md"),
        *Path("docs/ko").glob("*.md"),
    )
    for page in (*PAGES, *others):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), target


def test_kubernetes_manifests_of_examples_are_documents() -> None:
    for file in sorted(Path("examples").rglob("*.yaml")):
        assert all(document.data["apiVersion"] for document in read_file(str(file)))
