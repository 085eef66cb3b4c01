"""The report in a real browser, opened as a file."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import page
from tests.support.pods import Json
from webhook.audit.costs.costing import Costs
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.reports import html
from webhook.audit.summary import Auditor, summary_json
from webhook.engine.snapshot import snapshot_of
from webhook.policies.shipped import Profile, built_in
from webhook.workloads.builtin_plugins import NO_PLUGINS
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref, template_of

pytestmark = pytest.mark.e2e

# What a person waits for: the rows are chosen and laid out again.
SEARCH = """() => {
  const search = document.getElementById("search"), started = performance.now();
  search.value = "web-4999";
  search.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.offsetHeight;
  return performance.now() - started;
}"""
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def _deployment(
    name: str, namespace: str, *, container: str = "app", image: str = "example.com/app:1"
) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}},
    }


def _report(tmp_path: Path, *objects: Json) -> str:
    auditor = Auditor(snapshot_of(built_in(Profile.STRICT)), NOT_ENFORCED, with_diff=True)
    for obj in objects:
        (manifest,) = manifests_of(obj)
        ref = Ref(obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
        auditor.judge(template_of(obj, manifest, ref, NO_PLUGINS))
    costs = Costs(unknown_reason="these are files")
    totals = summary_json(auditor.summary, costs, interrupted=False)
    made = tmp_path / "report.html"
    made.write_text(
        html.page(auditor.summary, costs, totals, at=datetime(2026, 1, 31, tzinfo=UTC), of="<b>files</b>")
    )
    return made.as_uri()


def _shown(opened: Page) -> int:
    return opened.locator("#owners tbody tr:visible").count()


def test_filters_and_search_choose_rows(tmp_path: Path) -> None:
    shop = [_deployment(f"web-{number}", "shop") for number in range(3)]
    kept = _deployment("coredns", "kube-system")
    with page() as opened:
        opened.goto(_report(tmp_path, *shop, kept, _deployment("web-9", "lab")))
        expect(opened.locator("#count")).to_have_text("5 of 5")
        opened.get_by_label("Finding").select_option("skipped")
        assert (
            opened.locator("#owners tbody tr:visible")
            .inner_text()
            .startswith("skipped\tkube-system\tDeployment coredns")
        )
        opened.get_by_label("Finding").select_option("")
        opened.get_by_label("Namespace").select_option("shop")
        assert _shown(opened) == 3
        opened.get_by_label("Search").fill("WEB-1 general")
        expect(opened.locator("#count")).to_have_text("1 of 5")
        opened.get_by_label("Search").fill("nothing of the kind")
        assert _shown(opened) == 0
        opened.get_by_label("Search").fill("")
        opened.get_by_label("Namespace").select_option("")
        opened.get_by_label("Workload type").select_option("General")
        assert _shown(opened) == 4


def test_diff_opens_on_a_click_and_by_the_keyboard(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(_report(tmp_path, _deployment("web", "shop")))
        opened.get_by_text("diff", exact=True).click()
        assert "+      cpu: 500m\n" in opened.locator("ins").first.inner_text()
        opened.get_by_text("diff", exact=True).click()
        assert not opened.locator("pre").is_visible()
        opened.get_by_label("Search").focus()
        for _ in range(4):  # past the three lists, to the first diff
            opened.keyboard.press("Tab")
        opened.keyboard.press("Enter")
        assert opened.locator("pre").is_visible()


def test_hostile_names_are_text(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(_report(tmp_path, _deployment(HOSTILE, HOSTILE, container=HOSTILE, image=HOSTILE)))
        row = opened.locator("#owners tbody tr")
        assert row.locator("td").nth(2).inner_text() == f"Deployment {HOSTILE}"
        opened.get_by_text("diff", exact=True).click()
        assert HOSTILE in opened.locator("pre").inner_text()
        opened.get_by_label("Namespace").select_option(HOSTILE)
        assert _shown(opened) == 1
        assert opened.locator("img").count() == 0
        assert opened.locator("script").count() == 1, "its own"
        assert "<b>files</b>" in opened.locator("p").first.inner_text()


def test_five_thousand_rows_stay_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [_deployment(f"web-{number}", f"team-{number % 40}") for number in range(5000)]
    address = _report(tmp_path, *many)
    with page() as opened:
        started = time.monotonic()
        opened.goto(address)
        expect(opened.locator("#count")).to_have_text("5000 of 5000")
        there = time.monotonic()
        milliseconds = opened.evaluate(SEARCH)
        expect(opened.locator("#count")).to_have_text("1 of 5000")
    assert milliseconds < 5000, (
        "usually a fifth of a second; a minute if the browser lays out each row for all others"
    )
    size = (tmp_path / "report.html").stat().st_size / 2**20
    with capsys.disabled():
        print(
            f"\n5000 rows, {size:.1f} MiB: open in {there - started:.2f} s, searched in {milliseconds:.0f} ms"
        )


def test_search_leaves_diffs_out(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(_report(tmp_path, _deployment("web", "shop")))
        opened.get_by_label("Search").fill("NotRequired")
        assert _shown(opened) == 0


def test_says_everything_without_javascript(tmp_path: Path) -> None:
    with page(javascript=False) as opened:
        opened.goto(_report(tmp_path, _deployment("web", "shop")))
        assert not opened.get_by_label("Search").is_visible()
        opened.get_by_text("diff", exact=True).click()
        assert "+      cpu: 500m\n" in opened.locator("pre").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_fits_a_phone_and_a_desk(tmp_path: Path, width: int) -> None:
    with page(width=width) as opened:
        opened.goto(_report(tmp_path, _deployment("n" * 63, "s" * 63), _deployment("web", "shop")))
        assert opened.evaluate("document.documentElement.scrollWidth") == width


def test_bars_are_as_long_as_their_numbers_say(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(
            _report(
                tmp_path,
                *(_deployment(f"web-{number}", "shop") for number in range(3)),
                _deployment("web", "lab"),
            )
        )
        chart = opened.get_by_role("table", name="CPU requests in cores, by namespace")
        assert chart.locator("tbody th, tbody .number").all_inner_texts() == [
            "shop", "0", "0.3",
            "lab", "0", "0.1",
        ]  # fmt: skip
        shop, lab = (
            [bar.evaluate("bar => bar.offsetWidth") for bar in row.locator("i").all()]
            for row in chart.locator("tbody tr").all()
        )
        assert shop[0] == lab[0] == 0
        assert shop[1] == pytest.approx(3 * lab[1], abs=2)


def test_light_dark_and_on_paper(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(_report(tmp_path, _deployment("web", "shop")))
        colour = "getComputedStyle(document.body).backgroundColor"
        opened.emulate_media(color_scheme="light")
        assert opened.evaluate(colour) == "rgb(255, 255, 255)"
        opened.emulate_media(color_scheme="dark")
        assert opened.evaluate(colour) == "rgb(18, 22, 28)"
        opened.emulate_media(media="print")
        assert not opened.get_by_label("Search").is_visible()
        assert opened.locator("#owners tbody tr").is_visible()
        assert opened.pdf().startswith(b"%PDF")


def test_introduces_itself(tmp_path: Path) -> None:
    with page() as opened:
        opened.goto(_report(tmp_path, _deployment("web", "shop")))
        text = opened.locator("main").inner_text()
        for words in (
            "podtailor fills in what Pods leave unset",
            "The audit itself changed nothing",
            "would be changed if created now",
            "BestEffort to Burstable",
            "Node capacity is unknown: these are files.",
        ):
            assert words in text
        assert opened.locator(".charts table").count() == 4
