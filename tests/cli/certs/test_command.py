"""`podtailor certs issue` and `show`; what they do in a cluster is tested end to end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli.conftest import Run


def test_issue_and_show(run: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "tls")
    done = run("certs", "issue", "--out", out, "--host", "10.0.0.1", "--days", "30")
    assert (done.code, done.err) == (0, "")
    assert stat.S_IMODE((tmp_path / "tls" / "tls.key").stat().st_mode) == 0o600
    shown = run("certs", "show", f"{out}/tls.crt", f"{out}/ca.crt").out
    _, serving, authority = map(str.split, shown.splitlines())
    assert serving[:5] == [
        f"{out}/tls.crt", "certificate", "CN=podtailor-webhook.podtailor-system.svc", "valid", "29d"
    ]  # fmt: skip
    assert authority[:3] == [f"{out}/ca.crt", "CA", "CN=podtailor-ca"]
    wide = run("certs", "show", f"{out}/tls.crt", "-o", "wide").out
    assert "svc.cluster.local,podtailor-webhook.podtailor-system,10.0.0.1 " in wide
    (certificate,) = json.loads(run("certs", "show", f"{out}/ca.crt", "-o", "json").out)
    assert (certificate["isCA"], certificate["state"], certificate["subject"]) == (
        True,
        "valid",
        "CN=podtailor-ca",
    )


def test_issue_replaces_files_only_with_force(run: Run, tmp_path: Path) -> None:
    run("certs", "issue", "--out", str(tmp_path))
    done = run("certs", "issue", "--out", str(tmp_path))
    assert (done.code, done.err) == (
        2,
        (
            f"error: {tmp_path}/ca.crt exists [file-exists]\n"
            "hint: use another directory, or --force to replace it\n"
        ),
    )
    assert run("certs", "issue", "--out", str(tmp_path), "--force").code == 0


def test_issue_rejects_an_invalid_name(run: Run, tmp_path: Path) -> None:
    done = run("certs", "issue", "--out", str(tmp_path), "--host", "bücher.example")
    assert done.code == 2
    assert "a certificate cannot have this name" in done.err


def test_show_of_no_certificate(run: Run, tmp_path: Path) -> None:
    done = run("certs", "show", str(tmp_path / "no"))
    assert (done.code, done.err) == (
        2,
        f"error: {tmp_path}/no: No such file or directory [unreadable-file]\n",
    )
    (tmp_path / "x").write_text("nonsense")
    assert run("certs", "show", str(tmp_path / "x")).err.startswith(
        f"error: {tmp_path}/x: not a PEM certificate"
    )
