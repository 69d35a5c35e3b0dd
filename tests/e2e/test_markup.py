"""Whatever anybody can write is text on the page, and never markup: each field that cameras, agents, operators and
administrators fill carries a script, and none becomes an element at any moment."""

import hashlib
import random
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from contract import topics
from contract.codec import decode, encode
from contract.events import Location, Measure, Subject
from contract.kinds import Kind
from contract.messages import CameraHealth, Command, Health, HostHealth, Reply
from contract.sentence import sentence
from tests.brokers import wait_until
from tests.data import ROOT
from tests.e2e.feed import picture
from tests.e2e.page_rig import Rig
from tests.integration.test_mqtt_link import Listener

pytestmark = [pytest.mark.browser, pytest.mark.broker]
NASTY = '"><img src=x onerror="window.pwned=1"><svg onload=pwned=1>'
SHORT = "<svg onload=pwned=1>"
LINK = "javascript:window.pwned=1"
WATCH = """
  const planted = "img[src=x], svg[onload], [href^='javascript:'], [src^='javascript:']";
  const look = () => document.querySelectorAll(planted).forEach((one) => found(one.parentElement.outerHTML));
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
"""
"""Every element is looked at when it comes: the page's policy keeps such a script from running, so that one which got
in and is gone again would have left no trace."""


def beside(number: int) -> Location:
    """330 m apart: neighbours, and not one incident."""
    return Location(lat=-6.2 + 0.003 * number, lon=106.8, radius_m=30)


def nasty_event(rig: Rig, camera: int = 0, kind: Kind = Kind.BRAWL) -> str:
    """With its picture; its id."""
    now, place = datetime.now(UTC), rig.cameras[camera]
    jpeg = picture(place, kind, random.Random(camera))
    event = rig.events.make(place, kind, "begin", now, now, confidence=0.9, sha256=hashlib.sha256(jpeg).hexdigest())
    why = msgspec.structs.replace(
        event.data.why,
        measures=(Measure(name=SHORT, value=3.0, threshold=1.0, unit=SHORT[:16]),),
        model=NASTY,
    )
    data = msgspec.structs.replace(event.data, why=why, subjects=(Subject(cls=SHORT, count=2),))
    rig.publisher.event(msgspec.structs.replace(event, data=data))
    rig.publisher.put(topics.evidence(place.site, place.camera, event.id), jpeg)
    rig.publisher.wait()
    return event.id


def nasty_health(rig: Rig) -> None:
    """Names, words and sentences of cameras; and a message that is refused."""
    whys = (sentence("camera.rarely", rate=0.5, rules=NASTY), sentence("camera.words", words=NASTY), None, None)
    cameras = tuple(
        CameraHealth(camera=place.camera, name=text, state="failed", reason=text, why=why, location=place.location)
        for place, text, why in zip(rig.cameras, (NASTY, NASTY, LINK, SHORT), whys, strict=True)
    )
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0)
    health = Health(time=datetime.now(UTC), interval_s=10, cameras=cameras, host=host)
    rig.publisher.put(topics.health("site-1", "edge-1"), encode(health), qos=1)
    rig.publisher.put(f"jaga/v1/site-1/{NASTY.replace('/', '')}/event", NASTY.encode(), qos=1)
    rig.publisher.wait()


def nasty_clip(rig: Rig, page: Page, side: Locator) -> None:
    """The agent says in words of its own why it has none."""
    with closing(Listener(rig.broker.port)) as listener:
        side.locator(".clip button").first.click()
        wait_until(lambda: bool(asked(listener)), 20, "the agent is asked")
        command = decode(asked(listener)[0], Command)
        reply = Reply(id=command.id, ok=False, time=datetime.now(UTC), error=NASTY)
        rig.publisher.put(topics.reply("site-1", "edge-1", command.id), encode(reply), qos=1)
        rig.publisher.wait()
        expect(side.locator(".clip")).to_contain_text(NASTY)


def asked(listener: Listener) -> list[bytes]:
    return [one.payload for one in listener.of(topics.command("site-1", "edge-1", "clip"))]


def dialogs(rig: Rig, page: Page) -> None:
    """Each that names a camera; the two incidents become one on the way, so that there is something to split off."""
    first, other = sorted(one["id"] for one in rig.incidents())
    for key in ("m", "x", "s", "c", "n"):
        if key == "x":
            rig.post(f"api/v1/incidents/{first}/merge", {"other": other, "reason": NASTY, "actor": NASTY})
            page.locator("[data-test=stills] summary").click()
            expect(page.locator("[data-test=stills] h4").last).to_contain_text(NASTY)
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        if key == "x":
            expect(page.locator("dialog[open]")).to_contain_text(NASTY)
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")


def saved_view(page: Page) -> None:
    page.keyboard.press("/")
    page.locator("[data-test=search]").fill(SHORT)
    expect(page.locator("[data-test=narrowed]")).to_contain_text(SHORT)
    page.keyboard.press("Enter")
    page.keyboard.press("v")
    page.locator("[data-test=view-name]").fill(f"{SHORT} {LINK}"[:40])
    page.keyboard.press("Enter")
    page.keyboard.press("v")
    expect(page.locator("[data-view]")).to_contain_text(SHORT)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Escape")


def silence(rig: Rig) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    known = rig.cameras[0]
    wish = {"site": "site-1", "camera": known.camera, "reason": f"silence {NASTY}", "expires": until, "actor": SHORT}
    rig.post("api/v1/silences", wish)


def views(rig: Rig, page: Page) -> None:
    """What was written is in reports and in the audit log, too: reasons, names of cameras and of who acted."""
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


def act(rig: Rig, incident: str) -> None:
    rig.post(f"api/v1/incidents/{incident}/transition", {"to": "acknowledged", "reason": NASTY, "actor": NASTY})
    for action, words in (("take", {"reason": NASTY}), ("note", {"text": NASTY}), ("severity", {"severity": "major"})):
        rig.post(f"api/v1/incidents/{incident}/{action}", {**words, "actor": NASTY})


def nasty_city(rig: Rig, page: Page) -> None:
    """Two incidents by cameras with such names, one of them acted on; and the first is opened."""
    nasty_health(rig)
    nasty_event(rig)
    wait_until(lambda: len(rig.incidents()) == 1, what="the incident in the store")
    (first,) = rig.incidents()
    nasty_event(rig, 1, Kind.SMOKE_FIRE)
    wait_until(lambda: len(rig.incidents()) == 2, what="the other one")
    expect(page.locator("body")).to_contain_text(LINK)
    act(rig, first["id"])
    silence(rig)
    expect(page.locator("[data-test=quiet]")).to_contain_text(NASTY)
    page.goto(f"{rig.url}#/incident/{first['id']}")


def test_no_text_is_markup(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    found: list[str] = []
    with Rig(tmp_path_factory.mktemp("markup"), more=f"[map]\nattribution = '{NASTY}'") as rig:
        rig.cameras = [replace(one, location=beside(n)) for n, one in enumerate(rig.cameras)]
        rig.report()
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.expose_function("found", lambda where: found.append(where))
        page.add_init_script(WATCH)
        page.goto(rig.url)
        nasty_city(rig, page)
        side = page.locator(".side")
        for text in (SHORT, NASTY):
            expect(side).to_contain_text(text)
        for summary in side.locator("summary").all():
            summary.click()
        expect(side.locator("[data-test=related]")).to_be_visible()
        neighbours = side.locator("[data-test=neighbours]")
        expect(neighbours).to_contain_text(LINK)
        neighbours.locator("button.all").click()
        nasty_clip(rig, page, side)
        dialogs(rig, page)
        page.locator("[data-test=language]").click()
        page.keyboard.press("f")
        page.locator("[role=alertdialog] input").fill(NASTY)
        page.locator("[role=alertdialog] input").press("Enter")
        expect(side.locator("header .pill")).to_have_text("False alarm")
        expect(side).to_contain_text(NASTY)
        saved_view(page)
        views(rig, page)
        page.goto(f"{rig.url}#/?view=all")
        expect(page.locator(".list")).to_contain_text(NASTY)
        for place in (f"incident/{NASTY}", f"login/{NASTY}", f"?q={NASTY}&place={NASTY}&kind={SHORT}", "wall"):
            page.goto(f"{rig.url}#/{place}")
            page.locator("main:visible").first.wait_for()
        nasty_event(rig, 1, Kind.CROWD)
        expect(page.locator("[data-test=wall-page] .queue")).to_contain_text(NASTY)
        assert page.evaluate("window.pwned") is None
        page.context.close()
    assert sorted(set(found)) == []


def test_the_page_has_no_door_for_markup() -> None:
    """Svelte escapes what it writes; these are the ways around it."""
    doors = (
        "{@html",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "createContextualFragment",
        "setHTML",
        "DOMParser",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
    )
    sources = [path for path in (ROOT / "aggregator" / "web" / "src").rglob("*") if path.suffix in (".ts", ".svelte")]
    assert len(sources) > 30
    assert [(path.name, door) for path in sources for door in doors if door in path.read_text("utf-8")] == []
