"""The map in a real Chromium, WebGL in software: when it is drawn, and what lies under it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from contract.kinds import Kind
from tests.brokers import wait_until
from tests.e2e.feed import report
from tests.e2e.page_rig import Rig, colours, near, open_page
from tests.pmtiles import MVT, PNG, POLYGON, archive, city, tiles_of, vector_tile

pytestmark = [pytest.mark.browser, pytest.mark.broker]

BOX = (106.7, -6.35, 106.82, -6.24)
"""Around the rig's cameras."""
DEEPEST = 14
PAINT = (40, 160, 220)
"""RGB of the made-up tiles."""
LIGHT = "localStorage.setItem('jaga.theme', 'light');"
CRITICAL = {"dark": (0xFF, 0x7A, 0x75), "light": (0xB8, 0x14, 0x1C)}
GOOD = {"dark": (0x45, 0xD6, 0xA0), "light": (0x0B, 0x6E, 0x49)}
WATER = {"dark": (0x12, 0x28, 0x3A), "light": (0xBC, 0xD6, 0xEA)}

COUNT = """
window.jagaDrawn = 0;
for (const name of ['drawElements', 'drawArrays', 'clear']) {
  const real = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...given) {
    window.jagaDrawn += 1;
    return real.apply(this, given);
  };
}
"""
HEARD = """
window.jagaHeard = 0;
const add = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (name, take) {
  add.call(this, name, name === 'incident' ? (message) => (take(message), (window.jagaHeard += 1)) : take);
};
"""
"""Counts what the page is told of incidents."""
QUIET_MS = 3000
"""Without a command to WebGL for so long, the map is drawn to its end: it rests for a second at most."""
REST_MS = 1500
"""Longer than the map rests after a change before it is given the next."""
LONG_S = 600.0
"""Between reports of health: cameras stay what they are for longer than a test takes."""
QUIET = """
(ms) => {
  const [now, drawn] = [performance.now(), window.jagaDrawn];
  if (window.jagaLast?.drawn !== drawn) window.jagaLast = { drawn, at: now };
  return drawn > 0 && now - window.jagaLast.at > ms;
}
"""


def drawn(page: Page) -> int:
    """Commands to WebGL, once the map is seen and they have ended."""
    page.locator(".map canvas").wait_for()
    page.wait_for_function(QUIET, arg=QUIET_MS)
    return int(page.evaluate("window.jagaDrawn"))


def png() -> bytes:
    tile = np.full((256, 256, 3), PAINT[::-1], np.uint8)
    cv2.line(tile, (0, 128), (255, 128), (255, 255, 255), 3)
    return bytes(cv2.imencode(".png", tile)[1])


@contextmanager
def tiles(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """The address of a server of tiles elsewhere."""

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def shown(browser: Browser, folder: Path, section: str, theme: str = "dark") -> Iterator[tuple[Rig, Page]]:
    with Rig(folder, more=f"[map]\n{section}") as rig:
        report(rig.publisher, rig.cameras, LONG_S)
        page = open_page(browser, rig, script=LIGHT if theme == "light" else "")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.locator(".map .tools").wait_for()
        yield rig, page
        page.context.close()


def covers(page: Page, colour: tuple[int, int, int], share: float, what: str) -> None:
    """Waits until so much of the map has the colour."""

    def enough() -> bool:
        pixels = colours(page)
        return near(pixels, colour) > share * pixels.shape[0] * pixels.shape[1]

    wait_until(enough, 30, what)


def signs_lie_over_it(rig: Rig, page: Page, theme: str) -> None:
    rig.begin(0, Kind.BRAWL)
    page.locator("[data-id]").first.wait_for()
    wait_until(lambda: near(colours(page), CRITICAL[theme]) > 150, 30, "the incident over the base map")
    assert near(colours(page), GOOD[theme]) > 60


def test_only_what_looks_different_is_drawn_anew(browser: Browser, rig: Rig) -> None:
    report(rig.publisher, rig.cameras, LONG_S)
    page = open_page(browser, rig, script=COUNT)
    place, started = rig.cameras[0], datetime.now(UTC)
    rig.publisher.event(rig.events.make(place, Kind.INTRUSION, "begin", started, started, confidence=0.9))
    expect(page.locator("[data-id]")).to_have_count(1)
    before = drawn(page)

    page.keyboard.press("j")
    expect(page.locator("[data-test=selected-mark]")).to_be_visible()
    events = page.locator(".facts > div").nth(2).locator("b")
    expect(events).to_have_text("1")
    rig.publisher.event(rig.events.make(place, Kind.INTRUSION, "update", started, datetime.now(UTC), confidence=0.9))
    expect(events).to_have_text("2")
    assert drawn(page) == before

    rig.begin(1, Kind.INTRUSION)
    expect(page.locator("[data-id]")).to_have_count(2)
    page.wait_for_function("(before) => window.jagaDrawn > before", arg=before)
    page.context.close()


def test_the_map_is_whole_when_it_is_first_seen(browser: Browser, rig: Rig) -> None:
    report(rig.publisher, rig.cameras, LONG_S)
    rig.begin(0, Kind.BRAWL)
    wait_until(lambda: len(rig.incidents()) == 1, 30, "the incident")
    page = open_page(browser, rig)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".map canvas").wait_for()
    first = colours(page)
    assert near(first, CRITICAL["dark"]) > 150
    assert near(first, GOOD["dark"]) > 60
    page.context.close()


CONTEXT = "document.querySelector('.map canvas').getContext('webgl2')"


def test_what_comes_while_the_graphics_driver_starts_anew_is_on_the_map(browser: Browser, rig: Rig) -> None:
    """WebGL's context is lost for a while, and with it what the map was given then."""
    report(rig.publisher, rig.cameras, LONG_S)
    page = open_page(browser, rig)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".map canvas").wait_for()
    page.evaluate(f"window.jagaLose = {CONTEXT}.getExtension('WEBGL_lose_context'); jagaLose.loseContext()")
    page.wait_for_function(f"{CONTEXT}.isContextLost()")
    rig.begin(0, Kind.BRAWL)
    page.locator("[data-id]").first.wait_for()
    page.wait_for_timeout(REST_MS)
    page.evaluate("jagaLose.restoreContext()")
    wait_until(lambda: near(colours(page), CRITICAL["dark"]) > 150, 30, "the incident")
    assert near(colours(page), GOOD["dark"]) > 60
    page.context.close()


def test_the_wall_is_not_drawn_anew_for_what_moves_nothing(browser: Browser, rig: Rig) -> None:
    report(rig.publisher, rig.cameras, LONG_S)
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.add_init_script(COUNT + HEARD)
    page.goto(f"{rig.url}#/wall")
    place, started = rig.cameras[0], datetime.now(UTC)
    rig.publisher.event(rig.events.make(place, Kind.INTRUSION, "begin", started, started, confidence=0.9))
    row = page.locator(".queue [data-id]")
    expect(row).to_have_count(1)
    before = drawn(page)

    (incident,) = rig.incidents()
    heard = page.evaluate("window.jagaHeard")
    rig.post(f"api/v1/incidents/{incident['id']}/note", {"text": "penjaga sudah tahu"})
    page.wait_for_function("(before) => window.jagaHeard > before", arg=heard)
    page.wait_for_timeout(REST_MS)
    assert drawn(page) == before

    # What somebody has in hand has another sign.
    rig.post(f"api/v1/incidents/{incident['id']}/transition", {"to": "acknowledged"})
    expect(page.locator(".wall header li").nth(4)).to_contain_text("1")
    page.wait_for_function("(before) => window.jagaDrawn > before", arg=before)
    page.context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_pictures_from_a_server_of_tiles(browser: Browser, tmp_path: Path, theme: str) -> None:
    content = png()
    with (
        tiles(lambda path: (200, content)) as url,
        shown(browser, tmp_path, f'tiles = ["{url}/{{z}}/{{x}}/{{y}}.png"]\nattribution = "© Contoh"', theme) as (
            rig,
            page,
        ),
    ):
        dim = 0.55 if theme == "dark" else 1
        red, green, blue = (round(part * dim) for part in PAINT)
        covers(page, (red, green, blue), 0.6, "the pictures")
        expect(page.get_by_text("© Contoh")).to_be_visible()
        signs_lie_over_it(rig, page, theme)


def test_an_archive_of_pictures_on_this_machine(browser: Browser, tmp_path: Path) -> None:
    content = png()
    (tmp_path / "city.pmtiles").write_bytes(archive(dict.fromkeys(tiles_of(BOX, DEEPEST), content), PNG, BOX))
    with shown(browser, tmp_path, 'pmtiles = "city.pmtiles"', "light") as (rig, page):
        covers(page, PAINT, 0.6, "the archive's pictures")
        signs_lie_over_it(rig, page, "light")
        assert page.seen.unexpected() == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_archive_of_vector_tiles_on_this_machine_follows_the_theme(
    browser: Browser, tmp_path: Path, theme: str
) -> None:
    (tmp_path / "city.pmtiles").write_bytes(city(BOX, DEEPEST))
    with shown(browser, tmp_path, 'pmtiles = "city.pmtiles"', theme) as (rig, page):
        covers(page, WATER[theme], 0.05, "the archive's river")
        signs_lie_over_it(rig, page, theme)
        if theme == "dark":
            page.locator("[data-test=theme]").click()
            page.locator("html[data-theme=light]").wait_for()
            covers(page, WATER["light"], 0.05, "the river in the other theme")
        assert page.seen.unexpected() == []  # type: ignore[attr-defined]


def sea() -> bytes:
    """An archive of a schema that the page does not draw: water everywhere."""
    ring = (POLYGON, [(0, 0), (4096, 0), (4096, 4096), (0, 4096)], {"class": "ocean"})
    tile = vector_tile({"sea": [ring]})
    return archive(dict.fromkeys(tiles_of(BOX, 4), tile), MVT, BOX, ["sea"])


def test_an_archive_of_other_layers_needs_a_style_and_the_map_says_so(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "sea.pmtiles").write_bytes(sea())
    with shown(browser, tmp_path, 'pmtiles = "sea.pmtiles"') as (rig, page):
        expect(page.locator(".baseless")).to_contain_text("map.style")
        signs_lie_over_it(rig, page, "dark")


def test_an_archive_is_drawn_by_a_style_of_its_own(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "sea.pmtiles").write_bytes(sea())
    colour = f"rgb({PAINT[0]}, {PAINT[1]}, {PAINT[2]})"
    layer = {"id": "sea", "type": "fill", "source": "sea", "source-layer": "sea", "paint": {"fill-color": colour}}
    source = {"type": "vector", "url": "pmtiles:///api/v1/map/archive"}
    style = msgspec.json.encode({"version": 8, "sources": {"sea": source}, "layers": [layer]})
    with (
        tiles(lambda path: (200, style)) as url,
        shown(browser, tmp_path, f'pmtiles = "sea.pmtiles"\nstyle = "{url}/style.json"') as (rig, page),
    ):
        covers(page, PAINT, 0.6, "the archive in the style's colour")
        expect(page.locator(".baseless")).to_have_count(0)
        signs_lie_over_it(rig, page, "dark")


def test_a_broken_archive_leaves_the_plain_map_which_says_so(browser: Browser, tmp_path: Path) -> None:
    """Its header is well, so that the aggregator starts; where its directory should be, there is nothing readable."""
    whole = city(BOX, DEEPEST)
    (tmp_path / "city.pmtiles").write_bytes(whole[:127] + bytes(len(whole) - 127))
    with shown(browser, tmp_path, 'pmtiles = "city.pmtiles"') as (rig, page):
        expect(page.locator(".baseless")).to_be_visible()
        signs_lie_over_it(rig, page, "dark")


def test_a_server_of_tiles_that_fails_is_told_until_it_answers(browser: Browser, tmp_path: Path) -> None:
    content, well = png(), threading.Event()
    with (
        tiles(lambda path: (200, content) if well.is_set() else (500, b"")) as url,
        shown(browser, tmp_path, f'tiles = ["{url}/{{z}}/{{x}}/{{y}}.png"]', "light") as (rig, page),
    ):
        expect(page.locator(".baseless")).to_be_visible()
        signs_lie_over_it(rig, page, "light")
        well.set()
        page.locator(".map .tools button").first.click()
        covers(page, PAINT, 0.5, "the pictures, at last")
        expect(page.locator(".baseless")).to_have_count(0)


def test_a_server_of_tiles_that_hangs_holds_up_nothing(browser: Browser, tmp_path: Path) -> None:
    content, well = png(), threading.Event()

    def answer(_path: str) -> tuple[int, bytes]:
        well.wait(120)
        return 200, content

    with tiles(answer) as url:
        try:
            with shown(browser, tmp_path, f'tiles = ["{url}/{{z}}/{{x}}/{{y}}.png"]', "light") as (rig, page):
                signs_lie_over_it(rig, page, "light")
                expect(page.locator(".baseless")).to_be_visible(timeout=30_000)
                well.set()
                covers(page, PAINT, 0.5, "the pictures, at last")
                expect(page.locator(".baseless")).to_have_count(0)
        finally:
            well.set()
