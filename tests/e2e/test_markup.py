"""Whatever anybody can write is text on the page, and never markup: each field that cameras, agents, operators and
administrators fill carries a script, and none runs."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from contract import topics
from contract.codec import encode
from contract.events import Measure, Subject
from contract.kinds import Kind
from contract.messages import CameraHealth, Health, HostHealth
from tests.brokers import wait_until
from tests.data import ROOT
from tests.e2e.page_rig import Rig, open_page

pytestmark = [pytest.mark.browser, pytest.mark.broker]
NASTY = '"><img src=x onerror="window.pwned=1"><svg onload=pwned=1>'
SHORT = "<svg onload=pwned=1>"
LINK = "javascript:window.pwned=1"


def nasty_event(rig: Rig) -> None:
    now = datetime.now(UTC)
    event = rig.events.make(rig.cameras[0], Kind.BRAWL, "begin", now, now, confidence=0.9)
    why = msgspec.structs.replace(
        event.data.why,
        measures=(Measure(name=SHORT, value=3.0, threshold=1.0, unit=SHORT[:16]),),
        model=NASTY,
    )
    data = msgspec.structs.replace(event.data, why=why, subjects=(Subject(cls=SHORT, count=2),))
    rig.publisher.event(msgspec.structs.replace(event, data=data))
    cameras = tuple(
        CameraHealth(camera=place.camera, name=text, state="failed", reason=text)
        for place, text in zip(rig.cameras, (NASTY, LINK, SHORT, NASTY), strict=True)
    )
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0)
    health = Health(time=now, interval_s=10, cameras=cameras, host=host)
    rig.publisher.put(topics.health("site-1", "edge-1"), encode(health), qos=1)
    rig.publisher.put(f"jaga/v1/site-1/{NASTY.replace('/', '')}/event", NASTY.encode(), qos=1)
    rig.publisher.wait()


def views(rig: Rig, page: Page) -> None:
    """What was written is in reports and in the audit log, too: reasons, names of cameras and of who acted."""
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    wish = {"site": "site-1", "reason": f"silence {NASTY}", "expires": until, "actor": SHORT}
    rig.post("api/v1/silences", wish)
    page.goto(f"{rig.url}#/reports")
    page.locator("[data-test=period]").select_option("week")
    for table, text in (("notes", NASTY), ("silences", f"silence {NASTY}"), ("dark", NASTY), ("people", NASTY)):
        expect(page.locator(f"[data-test=table-{table}]")).to_contain_text(text)
    page.locator("[data-test=report-precision]").click()
    expect(page.locator("[data-test=table-precision_reasons]")).to_contain_text(NASTY)
    page.locator("[data-test=report-coverage]").click()
    expect(page.locator("[data-test=table-coverage_gaps]")).to_contain_text(LINK)
    page.goto(f"{rig.url}#/audit")
    expect(page.locator("tbody")).to_contain_text(NASTY)
    page.locator("[data-test=actor]").fill(SHORT)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(SHORT)


def test_no_text_is_markup(browser: Browser, rig: Rig) -> None:
    nasty_event(rig)
    wait_until(lambda: len(rig.incidents()) == 1, what="the incident in the store")
    (incident,) = rig.incidents()
    wish = {"to": "acknowledged", "reason": NASTY, "actor": NASTY}
    rig.post(f"api/v1/incidents/{incident['id']}/transition", wish)
    for action in ("take", "note"):
        words = {"text": NASTY} if action == "note" else {"reason": NASTY}
        rig.post(f"api/v1/incidents/{incident['id']}/{action}", {**words, "actor": NASTY})
    page = open_page(browser, rig)
    page.keyboard.press("End")
    page.locator(".views button").last.click()
    page.locator("[role=option]").click()
    side = page.locator(".side")
    for text in (SHORT, NASTY):
        expect(side).to_contain_text(text)
    for summary in side.locator("summary").all():
        summary.click()
    expect(page.locator("body")).to_contain_text(LINK)
    page.locator("[data-test=language]").click()
    page.keyboard.press("f")
    page.locator("[role=alertdialog] input").fill(NASTY)
    page.locator("[role=alertdialog] input").press("Enter")
    expect(side.locator("header .pill")).to_have_text("False alarm")
    expect(side).to_contain_text(NASTY)
    views(rig, page)
    page.goto(f"{rig.url}#/incident/{NASTY}")
    page.goto(f"{rig.url}#/login/{NASTY}")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x], svg[onload]").count() == 0
    assert page.locator("[href^='javascript:'], [src^='javascript:']").count() == 0


def test_the_page_has_no_door_for_markup() -> None:
    """Svelte escapes what it writes; these are the ways around it."""
    doors = (
        "{@html",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
    )
    sources = [path for path in (ROOT / "aggregator" / "web" / "src").rglob("*") if path.suffix in (".ts", ".svelte")]
    assert len(sources) > 30
    assert [(path.name, door) for path in sources for door in doors if door in path.read_text("utf-8")] == []
