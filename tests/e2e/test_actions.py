"""Two operators at their desks, told as timelines: a real Chromium each, over a real server with accounts."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from aggregator.core.actions import Deed
from aggregator.core.ports import Message
from contract import topics
from contract.codec import decode_event
from contract.events import Location
from contract.kinds import Kind
from tests.brokers import wait_until
from tests.desks import Desk, desk
from tests.e2e.feed import Place, picture
from tests.e2e.page_rig import NO_WEBGL, await_snapshot
from tests.people import IN_DISTRICTS, PASSWORD, add
from tests.timeline import START, make_event, place

pytestmark = pytest.mark.browser
FLAGS = NO_WEBGL
DEAF = """
  const add = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, take) {
    add.call(this, name, name === 'incident' ? (message) => window.deaf || take(message) : take);
  };
"""
"""A page that hears nothing of what others do, so that the server is the one that refuses."""


class Wire:
    """Between a page and the server, for what takes an incident.

    Laid before the page is opened: a page that is open already may send its next request past a route that is new.
    """

    cut = False
    mute = False
    """It carries there and nothing back."""

    def __init__(self) -> None:
        self.held = list[Route]()

    def carry(self, route: Route) -> None:
        if self.cut:
            route.abort()
        elif self.mute:
            route.fetch()
            self.held.append(route)
        else:
            route.continue_()


class City:
    """What cameras tell, at seconds of the story; who sits at which screen."""

    def __init__(self, one: Desk, browser: Browser) -> None:
        self.desk, self._browser, self._pages = one, browser, list[Page]()
        self._start = one.now - START.timestamp() - 60
        for name in ("budi", "sari"):
            add(one, name, "operator")

    def sees(self, t: float, camera: str, kind: str, east: float, phase: Any = "begin", **more: Any) -> str:
        """The incident that this became part of, by its id; with a picture."""
        about = Place("site-1", "edge-1", camera, camera, Location(lat=0, lon=0, radius_m=1))
        jpeg = picture(about, Kind(kind), random.Random(t))
        event = make_event(
            self._start + t,
            camera,
            kind,
            phase,
            location=place(east, 0, 30.0),
            confidence=0.9,
            snapshot=hashlib.sha256(jpeg).hexdigest(),
            number=int(t) + 1,
            **more,
        )
        self.desk.take(event)
        self.desk.service.handle([Message(topics.evidence("site-1", camera, event.id), jpeg, self.desk.now)])
        return next(str(one["id"]) for one in self.desk.incidents() if camera in one["cameras"])

    def sits(self, name: str, over: Wire | None = None) -> Page:
        """A page with English words, logged in."""
        page = self._browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB").new_page()
        if over is not None:
            page.route("**/take", over.carry)
        page.add_init_script(DEAF + "localStorage.setItem('jaga.language', 'en');")
        self._pages.append(page)
        page.goto(self.desk.url)
        page.locator("input[name=username]").fill(name)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        await_snapshot(page)
        return page

    def audit(self, *who: str) -> list[tuple[str, str]]:
        """(who, what), in order, without logging in."""
        rows = [(row[1], row[2]) for row in reversed(self.desk.store.audit(100))]
        return [row for row in rows if row[0] in who and not row[1].startswith("session.")]

    def leave(self) -> None:
        for page in self._pages:
            page.context.close()


@pytest.fixture
def city(tmp_path: Path, browser: Browser) -> Iterator[City]:
    with desk(tmp_path) as one:
        story = City(one, browser)
        yield story
        story.leave()


def selects(page: Page, incident: str) -> None:
    page.locator(f"[data-id='{incident}']").click()
    expect(page.locator(".side header code")).to_have_text(incident[-6:].upper())


def state(page: Page) -> Any:
    return page.locator(".side header .pill")


def test_two_operators_at_one_brawl(city: City) -> None:
    budi, sari = city.sits("budi"), city.sits("sari")

    # 0 s: cameras at the gate tell of a brawl, 10 s later one at the far bridge does: two incidents
    gate = city.sees(0, "gate", "brawl", 0)
    bridge = city.sees(10, "bridge", "brawl", 700)
    for page in (budi, sari):
        expect(page.locator("[role=option]")).to_have_count(2)
        selects(page, gate)

    # Both want it. Sari's screen has not heard of Budi's step when she presses the same key
    sari.evaluate("window.deaf = true")
    budi.keyboard.press("t")
    expect(state(budi)).to_have_text("Acknowledged")
    expect(budi.locator(".side .owner")).to_contain_text("You have it in hand.")
    sari.keyboard.press("t")
    failure = sari.locator("[data-test=failure]")
    expect(failure).to_contain_text("budi took this just now")
    expect(state(sari)).to_have_text("Acknowledged")
    expect(sari.locator(".side .owner")).to_contain_text("budi has it in hand.")
    sari.evaluate("window.deaf = false")

    # Budi opens the evidence; his look is noted
    expect(budi.locator(".side img.shown").first).to_be_visible()
    wait_until(lambda: ("budi", "evidence.read") in city.audit("budi"), 10, "the look is noted")

    # It is one crowd that runs: he merges the two, and Sari's screen follows
    budi.keyboard.press("m")
    dialog = budi.locator("[data-test=deed]")
    dialog.locator(f"input[value='{bridge}']").check()
    dialog.locator(".words input").fill("one crowd, running")
    budi.keyboard.press("Enter")
    expect(budi.locator(".side .facts")).to_contain_text("Bridge")
    expect(sari.locator(".side .facts")).to_contain_text("Bridge")

    # Officers find a dance. Sari calls it a false alarm, although it is Budi's: his screen says so
    sari.keyboard.press("f")
    sari.keyboard.press("2")
    expect(state(sari)).to_have_text("False alarm")
    expect(state(budi)).to_have_text("False alarm")
    history = budi.locator("[data-test=history]")
    expect(history).to_contain_text("one crowd, running")
    expect(history.locator("li").last).to_contain_text("sari")

    noted = [row for row in city.audit("budi", "sari") if row[1] != "evidence.read"]
    assert noted == [("budi", "incident.take"), ("budi", "incident.merge"), ("sari", "incident.transition")]
    assert {verdict.incident for verdict in city.desk.store.verdicts()} == {gate}


def test_a_shift_by_keyboard_alone(city: City) -> None:
    gate = city.sees(0, "gate", "brawl", 0)
    city.sees(5, "market", "brawl", 40)
    budi = city.sits("budi")
    expect(budi.locator("[role=option]")).to_have_count(1)
    budi.keyboard.press("j")
    expect(budi.locator(".side header code")).to_have_text(gate[-6:].upper())
    dialog = budi.locator("[data-test=deed]")

    budi.keyboard.press("t")
    expect(state(budi)).to_have_text("Acknowledged")
    budi.keyboard.press("u")
    expect(state(budi)).to_have_text("Open")
    expect(budi.locator("[data-test=history] .undone")).to_have_text("took it")
    budi.keyboard.press("t")
    expect(state(budi)).to_have_text("Acknowledged")

    budi.keyboard.press(".")
    expect(budi.locator("[role=menu]")).to_be_visible()
    budi.keyboard.press("Escape")
    expect(budi.locator("[role=menu]")).to_have_count(0)
    budi.keyboard.press("n")
    budi.keyboard.type("thirty people, <b>sticks</b>")
    budi.keyboard.press("Tab")
    budi.keyboard.press("Tab")
    budi.keyboard.press("Enter")
    expect(budi.locator("[data-test=history]")).to_contain_text("thirty people, <b>sticks</b>")

    budi.keyboard.press("s")
    dialog.locator("input[value=critical]").focus()
    budi.keyboard.press("ArrowDown")
    budi.keyboard.press("Enter")
    expect(budi.locator("[data-test=said]")).to_contain_text("set the severity to Major; the cameras say Critical")

    budi.keyboard.press("x")
    dialog.locator("input[type=radio]").last.focus()
    budi.keyboard.press("Space")
    budi.keyboard.press("Enter")
    expect(budi.locator(".side .facts")).not_to_contain_text("Market")
    fresh = next(one["id"] for one in city.desk.incidents() if one["cameras"] == ["market"])
    expect(budi.locator("[data-test=related]")).to_contain_text(fresh[-6:].upper())
    merges_again(budi, gate, fresh)
    hands_over(city, budi)


def merges_again(budi: Page, gate: str, fresh: str) -> None:
    """It was one after all: he picks the other in the list."""
    dialog = budi.locator("[data-test=deed]")
    budi.keyboard.press("m")
    expect(dialog.locator("input[type=radio]")).to_be_focused()  # what is near has come
    budi.locator("[data-test=deed] button", has_text="Pick one in the list").press("Enter")
    budi.keyboard.press("j")
    expect(budi.locator(".picking")).to_contain_text("Merge this incident with")
    budi.keyboard.press("m")
    expect(dialog.locator(f"input[value='{fresh}']")).to_be_checked()
    dialog.locator(".words input").press("Enter")
    expect(budi.locator(".side header code")).to_have_text(min(gate, fresh)[-6:].upper())
    expect(budi.locator(".side .facts")).to_contain_text("Market")


def hands_over(city: City, budi: Page) -> None:
    """End of the shift: Sari gets everything, and is told so until she takes it over."""
    dialog = budi.locator("[data-test=deed]")
    sari = city.sits("sari")
    budi.keyboard.press("h")
    dialog.locator("input[value=sari]").press("Space")
    dialog.locator(".words input").fill("officers on the way")
    budi.keyboard.press("Enter")
    expect(budi.locator("[data-test=said-done]")).to_contain_text("Incidents handed over to sari: 1.")
    banner = sari.locator("[data-test=handed]")
    expect(banner).to_contain_text("Incidents that budi gave to you: 1.")
    banner.locator("button").press("Enter")
    expect(sari.locator(".side .owner")).to_contain_text("Given to you by budi")
    sari.keyboard.press("t")
    expect(banner).to_have_count(0)
    expect(sari.locator("[data-test=announcement]")).to_have_text("Saved: Take")  # the banner goes before the answer
    # The picture comes in its own time, and is noted before or after.
    assert [row[1] for row in city.audit("sari") if row[1] != "evidence.read"][-1] == "incident.take"


def test_what_is_refused_for_no_connection_is_taken_back(city: City) -> None:
    gate = city.sees(0, "gate", "brawl", 0)
    wire = Wire()
    budi = city.sits("budi", over=wire)
    selects(budi, gate)
    wire.cut = True
    budi.keyboard.press("t")
    expect(budi.locator("[data-test=failure]")).to_contain_text("may or may not have been saved")
    expect(state(budi)).to_have_text("Open")
    expect(budi.locator(".side .owner")).to_have_count(0)
    wire.cut = False
    budi.keyboard.press("t")
    expect(state(budi)).to_have_text("Acknowledged")


def test_an_answer_that_is_lost_is_not_called_unsaved(city: City) -> None:
    gate = city.sees(0, "gate", "brawl", 0)
    wire = Wire()
    budi = city.sits("budi", over=wire)
    selects(budi, gate)
    wire.mute = True
    budi.keyboard.press("t")
    expect(budi.locator("[data-test=failure]")).to_contain_text("may or may not have been saved")
    expect(state(budi)).to_have_text("Acknowledged")
    expect(budi.locator(".side .owner")).to_contain_text("You")
    for route in wire.held:  # what stays unanswered outlives the page
        route.abort()


def test_a_key_that_follows_escape_at_once_is_not_lost(city: City) -> None:
    gate = city.sees(0, "gate", "brawl", 0)
    budi = city.sits("budi")
    selects(budi, gate)
    budi.keyboard.press("n")
    asked = budi.locator("dialog[open]")
    expect(asked.locator("textarea")).to_be_visible()
    # Both in one task, before the browser tells that the first dialog is closed; then until it has told.
    budi.evaluate(
        """async () => {
          document.querySelector('dialog[open]').dispatchEvent(new Event('cancel', { cancelable: true }));
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 's', bubbles: true }));
          await new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done))));
        }"""
    )
    expect(asked).to_have_count(1)
    expect(asked.locator("textarea")).to_have_count(0)
    expect(asked.get_by_role("radio").first).to_be_visible()


def test_neighbouring_cameras_are_looked_at_on_request_only(city: City) -> None:
    gate = city.sees(0, "gate", "brawl", 0)
    city.sees(3, "school", "intrusion", 600)
    budi = city.sits("budi")
    selects(budi, gate)
    neighbours = budi.locator("[data-test=neighbours]")
    expect(neighbours).to_contain_text("School")
    expect(budi.locator(".side img.shown")).to_have_count(1)
    before = city.audit("budi").count(("budi", "evidence.read"))
    neighbours.locator("button", has_text="all latest").click()
    expect(neighbours.locator("img.shown")).to_have_count(1)
    assert city.audit("budi").count(("budi", "evidence.read")) == before + 1


def test_what_is_split_off_leaves_the_screen_of_who_may_not_see_the_rest(browser: Browser, tmp_path: Path) -> None:
    """0 s a brawl here, 5 s beyond the district's border, as one; then they are told apart, and what stays is there."""
    with desk(tmp_path, people_policy=IN_DISTRICTS) as one:
        story = City(one, browser)
        add(one, "rina", "operator", ["north"])
        both = story.sees(0, "gate", "brawl", 0)
        assert story.sees(5, "border", "brawl", 40, site="site-2") == both
        rina = story.sits("rina")
        selects(rina, both)
        raw, _ = one.store.incident_told(both)[0]
        old, new = one.service.split(both, decode_event(raw).id, Deed(action="split", actor="budi"))
        fresh = msgspec.json.decode(new)["id"]
        expect(rina.locator(f"[data-id='{fresh}']")).to_be_visible()
        expect(rina.locator(f"[data-id='{both}']")).to_have_count(0)
        expect(rina.locator(".side .gone")).to_be_visible()
        assert msgspec.json.decode(old)["sites"] == ["site-2"]
        story.leave()
