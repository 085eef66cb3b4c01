"""The report for everyone: axe-core finds nothing, in each state, width and scheme; bars have contrast; pictures.

PODTAILOR_PICTURES says where to keep the pictures, and PODTAILOR_PICTURE the one of the README.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import example
from tests.browser.example import PASSES, Owner, deployment
from tests.support import axe
from tests.support.browser import page
from webhook.policies.shipped import Profile

pytestmark = pytest.mark.e2e

STATES: dict[str, Callable[[], str]] = {
    "full": example.full,
    "used": example.used,
    "empty": example.report,
    "all-pass": lambda: example.report(
        *(deployment(Owner("Deployment", "shop", name, container=PASSES)) for name in ("web", "cart", "api")),
        profile=Profile.SAFE,
    ),
}
# WCAG 2.2, relative luminance; colours as `rgb(r, g, b)`.
CONTRAST = """([selector, property]) => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/\\d+/g).map((each) => each / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const page = luminance(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll(selector)].map((each) => {
    const mine = luminance(getComputedStyle(each)[property]);
    return (Math.max(mine, page) + .05) / (Math.min(mine, page) + .05);
  });
}"""


def _open(opened: Page, folder: Path, state: str) -> None:
    (folder / "report.html").write_text(STATES[state]())
    opened.goto((folder / "report.html").as_uri())


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(390, True, id="390-dark"),
        pytest.param(768, False, id="768-light", marks=pytest.mark.soak),
        pytest.param(1440, True, id="1440-dark", marks=pytest.mark.soak),
        pytest.param(390, False, id="390-light", marks=pytest.mark.soak),
        pytest.param(768, True, id="768-dark", marks=pytest.mark.soak),
        pytest.param(1440, False, id="1440-light", marks=pytest.mark.soak),
    ],
)
def test_axe_finds_nothing(tmp_path: Path, width: int, *, dark: bool) -> None:
    pictures = Path(os.environ.get("PODTAILOR_PICTURES") or tmp_path)
    scheme = "dark" if dark else "light"
    with page(width=width, dark=dark) as opened:
        for state in STATES:
            _open(opened, tmp_path, state)
            opened.screenshot(path=pictures / f"{state}-{width}-{scheme}.png", full_page=True)
            assert axe.problems(opened) == [], state
        _open(opened, tmp_path, "full")
        opened.locator(".tiles button", has_text="violation").click()
        example.open_all(opened)
        opened.evaluate("scrollTo(0, 0)")
        opened.screenshot(path=pictures / f"diff-{width}-{scheme}.png", full_page=True)
        assert axe.problems(opened) == [], "diffs open"
        opened.get_by_label("Text").fill("nothing of the kind")
        assert axe.problems(opened) == [], "no owner matches"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_shapes_and_bars_have_contrast(tmp_path: Path, *, dark: bool) -> None:
    """axe-core looks at text only. Bars, shapes and edges of controls: 3:1."""
    parts = [
        (".before, .after", "fill"),
        (".shape", "color"),
        ("input, select, li:not(.none) .tile", "borderTopColor"),
    ]
    with page(dark=dark) as opened:
        _open(opened, tmp_path, "full")
        for selector, property_ in parts:
            contrasts = opened.evaluate(CONTRAST, [selector, property_])
            assert contrasts
            assert min(contrasts) >= 3, selector


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_lines_of_plots_have_contrast_and_differ_without_colour(tmp_path: Path, *, dark: bool) -> None:
    with page(dark=dark) as opened:
        _open(opened, tmp_path, "used")
        contrasts = opened.evaluate(CONTRAST, [".plot .used, .plot .level", "stroke"])
        assert len(contrasts) > 8
        assert min(contrasts) >= 3
        levels = opened.locator(".use").first.locator("figure").last.locator("svg[role=img] .level")
        dashes = levels.evaluate_all("all => all.map((each) => getComputedStyle(each).strokeDasharray)")
        assert len(dashes) == len(set(dashes)) == 4


def test_each_finding_has_a_shape_of_its_own(tmp_path: Path) -> None:
    with page() as opened:
        _open(opened, tmp_path, "full")
        shapes = opened.locator(".tiles use").evaluate_all(
            "all => all.map((use) => document.querySelector(use.getAttribute('href')).innerHTML)"
        )
        assert len(shapes) == len(set(shapes)) == 9


def test_motion_is_reduced_for_those_who_ask(tmp_path: Path) -> None:
    with page() as opened:
        _open(opened, tmp_path, "full")
        behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
        assert opened.evaluate(behaviour) == "smooth"
        opened.emulate_media(reduced_motion="reduce")
        assert opened.evaluate(behaviour) == "auto"


def test_first_screen_is_the_picture_of_the_readme(tmp_path: Path) -> None:
    with page(width=1280, height=1500) as opened:
        _open(opened, tmp_path, "full")
        picture = Path(os.environ.get("PODTAILOR_PICTURE") or tmp_path / "report.png")
        opened.screenshot(path=picture)
        assert picture.read_bytes().startswith(b"\x89PNG")
