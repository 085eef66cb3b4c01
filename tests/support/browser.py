"""Headless Chromium, Debian's own: it draws pages as the one that people use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from subprocess import CalledProcessError

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import apt

_SHELL = "chromium-headless-shell"
_STARTED: list[Browser] = []


@contextmanager
def browser() -> Iterator[Browser]:
    """One Chromium for every `page` in it: its start takes longer than most of them. They share nothing else."""
    if _STARTED:
        yield _STARTED[0]
        return
    with sync_playwright() as playwright:
        # As root, which is what test machines are, Chromium has no sandbox.
        started = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        _STARTED.append(started)
        try:
            yield started
        finally:
            _STARTED.clear()
            started.close()


@contextmanager
def page(
    *, width: int = 1200, height: int = 900, javascript: bool = True, dark: bool = False
) -> Iterator[Page]:
    """An empty page that reaches nothing but files. Whatever it complains of fails the test at its end."""
    with browser() as running:
        made = running.new_page(
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
        )
        try:
            complaints: list[str] = []
            made.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            made.on("pageerror", lambda error: complaints.append(str(error)))
            made.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
            made.on("request", lambda request: _only_files(request.url, complaints))
            yield made
            assert complaints == []
        finally:
            made.close()


def _only_files(url: str, complaints: list[str]) -> None:
    if not url.startswith(("file:", "data:")):
        complaints.append(f"asked for {url}")


def _chromium() -> str:
    """The one without windows for a user, where CI can install it: it draws a page with a third of the CPU."""
    if os.environ.get("CI") and os.geteuid() == 0:
        with suppress(FileNotFoundError, CalledProcessError):  # not every distribution has it
            return apt.program(_SHELL)
    return shutil.which(_SHELL) or shutil.which("chromium") or apt.program(_SHELL)
