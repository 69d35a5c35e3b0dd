"""Accessibility in a real Chromium: axe-core finds nothing in any state of the page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from contract.kinds import Kind
from tests.brokers import wait_until
from tests.e2e.axe import violations
from tests.e2e.feed import traffic
from tests.e2e.page_rig import NO_WEBGL, Rig, open_page
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.broker]
FLAGS = NO_WEBGL
REPORTS = ("shift", "response", "precision", "coverage")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, cameras=8) as running:
        running.report()
        yield running


class Walk:
    """Goes through states and gathers what is found in each."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}

    def look(self, state: str) -> None:
        """Everything in the dark; in the light what is another there, the colours."""
        for theme in ("dark", "light"):
            self.page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
            if wrong := violations(self.page, colours_alone=theme == "light"):
                self.found[f"{state}, {theme}"] = wrong
        self.page.evaluate("document.documentElement.dataset.theme = 'dark'")


def views(walk: Walk, rig: Rig) -> None:
    page = walk.page
    page.goto(f"{rig.url}#/reports")
    for name in REPORTS:
        page.locator(f"[data-test=report-{name}]").click()
        page.locator("[data-test=period]").select_option("today")
        page.locator(f"[data-test^=table-{'by_' if name == 'shift' else name}]").first.wait_for()
        page.locator(".title[aria-busy=false]").wait_for()
        for summary in page.locator("main summary:visible").all():
            summary.click()
        walk.look(f"report {name}")
    page.locator("[data-test=period]").select_option("custom")
    walk.look("own range")
    page.goto(f"{rig.url}#/audit")
    page.locator("[data-test=verify]").click()
    page.locator("[data-test=verified] .holds").wait_for()
    walk.look("audit")


PROBE = """() => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.cssText = 'transition: left 9s; animation: probe 9s infinite';
  const { transitionDuration, animationName } = getComputedStyle(probe);
  probe.remove();
  return [transitionDuration, animationName];
}"""


def test_whoever_wants_no_motion_gets_none(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)
    assert page.evaluate(PROBE) == ["9s", "probe"]
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(PROBE) == ["0s", "none"]
    page.context.close()


def test_nothing_is_called_calm_while_nobody_knows(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)
    strip = page.locator("[data-test=strip] [role=status]")
    expect(strip).to_have_text("Tidak ada insiden kritis yang menunggu")
    rig.kill()
    page.locator(".banner[role=alert]").wait_for(timeout=15_000)
    expect(strip).to_have_text("Tidak diketahui apa yang menunggu")
    page.context.close()


def test_axe_finds_nothing_in_any_state_of_the_page(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)
    walk = Walk(page)
    walk.look("empty")
    for camera, kind in enumerate((Kind.BRAWL, Kind.CROWD, Kind.SMOKE_FIRE)):
        rig.begin(camera, kind)
    wait_until(lambda: len(rig.incidents()) == 3, what="the incidents in the store")
    page.locator("[data-id]").nth(2).wait_for()
    walk.look("a few")
    page.locator("[data-id]").first.click()
    page.locator(".side .scroll").wait_for()
    walk.look("detail")
    page.keyboard.press("f")
    page.locator("[role=alertdialog]").wait_for()
    walk.look("confirmation")
    page.keyboard.press("Escape")
    for key, name in {"?": "help", "n": "note", "s": "severity", "c": "kind", "m": "merge"}.items():
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        walk.look(name)
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
    page.keyboard.press(".")
    walk.look("more actions")
    page.keyboard.press("Escape")
    page.locator("[data-test=silence] summary").click()
    page.locator("[data-test=filter]").click()
    page.keyboard.press("v")
    page.locator("[data-test=view-name]").wait_for()
    walk.look("silence, filters and saved views")
    page.goto(f"{rig.url}#/wall")
    page.locator("[data-test=wall-page]").wait_for()
    walk.look("wall")
    views(walk, rig)
    for event, _ in traffic(300, 3, datetime.now(UTC), rig.cameras):
        rig.publisher.event(event)
    rig.publisher.wait()
    page.goto(f"{rig.url}#/")
    page.locator("[data-id]").nth(5).wait_for()
    walk.look("many")
    rig.admit({"chief": "administrator"})
    page.locator("[data-test=login]").wait_for(timeout=30_000)
    walk.look("login")
    page.locator("[data-test=login] input[name=username], [data-test=login] input").first.fill("chief")
    page.locator("[data-test=login] input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("[data-test=who]").click()
    page.locator("[data-test=account]").wait_for()
    walk.look("account")
    page.context.close()
    assert walk.found == {}, "\n\n".join(f"{state}:\n{line}" for state, lines in walk.found.items() for line in lines)
