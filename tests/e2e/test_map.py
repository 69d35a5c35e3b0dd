"""The map in a real Chromium, WebGL in software: it is drawn when something on it changes, and not when nothing does."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from contract.kinds import Kind
from tests.e2e.page_rig import Rig, open_page

pytestmark = [pytest.mark.browser, pytest.mark.broker]
COUNT = """
window.jagaDrawn = 0;
for (const name of ['drawElements', 'drawArrays', 'clear']) {
  const real = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...given) { window.jagaDrawn += 1; return real.apply(this, given); };
}
"""
QUIET_MS = 700
"""Without a command to WebGL for so long, the map is drawn to its end."""
QUIET = """
(ms) => {
  const [now, drawn] = [performance.now(), window.jagaDrawn];
  if (window.jagaLast?.drawn !== drawn) window.jagaLast = { drawn, at: now };
  return drawn > 0 && now - window.jagaLast.at > ms;
}
"""


def drawn(page: Page) -> int:
    """Commands to WebGL, once they have ended."""
    page.wait_for_function(QUIET, arg=QUIET_MS)
    return int(page.evaluate("window.jagaDrawn"))


def test_only_what_looks_different_is_drawn_anew(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig, script=COUNT)
    started = datetime.now(UTC)
    rig.publisher.event(rig.events.make(rig.cameras[0], Kind.INTRUSION, "begin", started, started, confidence=0.9))
    expect(page.locator("[data-id]")).to_have_count(1)
    before = drawn(page)

    page.keyboard.press("j")
    expect(page.locator("[data-test=selected-mark]")).to_be_visible()
    events = page.locator(".facts > div").nth(2).locator("b")
    expect(events).to_have_text("1")
    rig.publisher.event(
        rig.events.make(rig.cameras[0], Kind.INTRUSION, "update", started, datetime.now(UTC), confidence=0.9)
    )
    expect(events).to_have_text("2")
    assert drawn(page) == before

    rig.begin(1, Kind.INTRUSION)
    expect(page.locator("[data-id]")).to_have_count(2)
    page.wait_for_function("(before) => window.jagaDrawn > before", arg=before)
    page.context.close()
