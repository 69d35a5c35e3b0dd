"""Where to look, told as timelines: filters and views, what must not be missed, what was missed, and the wall."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from contract.kinds import Kind
from tests.brokers import wait_until
from tests.e2e.cable import Cable
from tests.e2e.page_rig import NO_WEBGL, Rig, await_snapshot, chromium, open_page

pytestmark = [pytest.mark.browser, pytest.mark.broker]
EARS = """
  window.tones = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    window.tones.push(this.frequency.value);
    return start.call(this, at);
  };
"""
CONTROLS = "button, input, select, a, [tabindex='0']"
SHOWN = f"() => [...document.querySelectorAll(`{CONTROLS}`)].filter((one) => one.checkVisibility()).length"
EXTENT = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
LETTERS = "parseFloat(getComputedStyle(document.querySelector('.queue strong')).fontSize)"


def incident(rig: Rig, camera: int, kind: Kind) -> str:
    known = {one["id"] for one in rig.incidents()}
    rig.begin(camera, kind)
    wait_until(lambda: len(rig.incidents()) > len(known), what="the incident in the store")
    (fresh,) = {one["id"] for one in rig.incidents()} - known
    return str(fresh)


def shown(page: Page) -> set[str]:
    return {row.get_attribute("data-id") or "" for row in page.locator("[role=option][data-id]").all()}


def test_a_filter_is_kept_as_a_view_by_keys_alone_and_shared_by_its_address(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path, cameras=8) as rig:
        rig.report()
        page = open_page(browser, rig)
        brawl, parked = incident(rig, 0, Kind.BRAWL), incident(rig, 5, Kind.STOPPED_VEHICLE)
        expect(page.locator(".views .on b")).to_have_text("2")

        page.keyboard.press("/")
        page.keyboard.type("site 2 berhenti")
        page.keyboard.press("Enter")
        expect(page.locator(".views .on b")).to_have_text("1")
        assert shown(page) == {parked}
        expect(page.locator("[data-test=narrowed]")).to_contain_text("1 yang perlu tindakan disembunyikan")
        expect(page.locator("[data-test=strip]")).to_contain_text("1 insiden mendesak belum diterima")

        page.keyboard.press("v")
        page.keyboard.type("Parkir liar")
        page.keyboard.press("Enter")
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        expect(page.locator("[data-test=narrowed]")).to_have_count(0)
        assert shown(page) == {brawl, parked}

        page.keyboard.press("v")
        expect(page.locator("[data-view='Parkir liar']")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-test=views]")).to_contain_text("Parkir liar")
        assert shown(page) == {parked}
        page.keyboard.press("j")
        expect(page.locator(".side h2")).to_have_text("Kendaraan berhenti")

        page.reload()
        expect(page.locator("[data-test=views]")).to_contain_text("Parkir liar")
        other = browser.new_context().new_page()
        other.goto(page.url)
        other.locator(f"[data-id='{parked}'][aria-selected=true]").wait_for()
        assert shown(other) == {parked}
        assert page.seen.unexpected() == []  # type: ignore[attr-defined]
        other.context.close()
        page.context.close()


def test_the_queue_is_narrowed_by_district_kind_state_and_owner(playwright: Playwright, tmp_path: Path) -> None:
    """Two brawls and a fire, two of the three in the district; one is taken; the view is kept and comes again."""
    district = '[[district]]\nname = "timur"\nsites = ["site-2"]'
    with Rig(tmp_path, cameras=8, more=district) as rig, chromium(playwright, *NO_WEBGL) as browser:
        rig.report()
        page = open_page(browser, rig)
        here, there = incident(rig, 0, Kind.BRAWL), incident(rig, 5, Kind.BRAWL)
        fire = incident(rig, 7, Kind.SMOKE_FIRE)
        count, states = page.locator(".views .on b"), page.locator(".views button")
        page.locator("[data-test=filter]").click()
        place = page.locator("select", has=page.locator("option[value='district/timur']"))
        kind = page.locator("select", has=page.locator("option[value='smoke_fire']"))
        place.select_option("district/timur")
        expect(count).to_have_text("2")
        assert shown(page) == {there, fire}
        kind.select_option("brawl")
        expect(count).to_have_text("1")
        assert shown(page) == {there}
        page.keyboard.press("v")
        page.locator("[data-test=view-name]").fill("Timur")
        page.keyboard.press("Enter")

        page.keyboard.press("j")
        page.keyboard.press("t")
        expect(page.locator(".side header .pill")).to_have_text("Diterima")
        expect(count).to_have_text("0")
        page.locator("[data-test=narrowed] button").click()
        expect(count).to_have_text("2")
        page.locator("label input[type=checkbox]").first.check()
        expect(count).to_have_text("0")
        states.nth(1).click()
        expect(page.locator(f"[data-id='{there}']")).to_be_visible()
        assert shown(page) == {there}
        page.locator("[data-test=narrowed] button").click()
        states.nth(0).click()
        expect(page.locator(f"[data-id='{here}']")).to_be_visible()
        assert shown(page) == {here, fire}

        page.keyboard.press("v")
        page.locator("[data-view=Timur]").click()
        expect(page.locator("[data-test=narrowed]")).to_contain_text("Tawuran · Timur")
        assert page.url.endswith("?kind=brawl&place=district/timur")
        page.context.close()


def test_a_critical_one_that_nobody_acknowledges_in_time_escalates(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path, more="[response.acknowledge_s]\ncritical = 6") as rig:
        rig.report()
        page = open_page(browser, rig, script=EARS)
        strip = page.locator("[data-test=strip]")
        expect(strip).to_contain_text("Tidak ada insiden kritis yang menunggu")
        expect(strip.locator("[data-test=sound-off]")).to_contain_text("Suara belum diizinkan peramban")
        page.keyboard.press("j")  # the first gesture
        expect(strip.locator("[data-test=sound-off]")).to_have_count(0)

        brawl = incident(rig, 0, Kind.BRAWL)
        row = page.locator(f"[data-id='{brawl}']")
        expect(strip.get_by_role("status")).to_have_text("1 insiden mendesak belum diterima")
        expect(row).to_contain_text("sisa")
        assert page.evaluate("window.tones.length") == 6
        assert "c4161c" in (page.locator("link[rel=icon]").get_attribute("href") or "")

        expect(row).to_contain_text("terlambat", timeout=10_000)
        expect(strip).to_contain_text("terlambat")
        page.wait_for_function("window.tones.length === 12")

        page.keyboard.press("g")
        expect(row).to_have_attribute("aria-selected", "true")
        page.keyboard.press("a")
        expect(strip).to_contain_text("Tidak ada insiden kritis yang menunggu")
        expect(row).to_have_count(0)
        assert page.evaluate("window.tones.length") == 12
        page.context.close()


CUT = """() => [...document.querySelectorAll('header, header *, [data-test=strip], [data-test=strip] *')]
  .filter((e) => e.clientWidth > 0 && getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1)
  .map((e) => `${e.className} ${e.scrollWidth} > ${e.clientWidth}: ${e.textContent}`)"""

AGE_SHOWN = """document.querySelector('[data-test=age]').getBoundingClientRect().bottom
  <= document.querySelector('[data-test=strip]').getBoundingClientRect().bottom"""


def test_what_must_not_be_missed_is_never_cut_for_what_stands_beside(playwright: Playwright, tmp_path: Path) -> None:
    """Three alarms at cameras with long names while others are dark and there is no sound, on each screen."""
    with Rig(tmp_path, cameras=8) as rig, chromium(playwright, *NO_WEBGL) as browser:
        rig.cameras = [replace(one, name=f"Simpang Kampung Melayu {n}") for n, one in enumerate(rig.cameras)]
        rig.report()
        for camera, kind in enumerate((Kind.BRAWL, Kind.SMOKE_FIRE, Kind.ABANDONED_OBJECT)):
            rig.begin(camera, kind)
        wait_until(lambda: len(rig.incidents()) == 3, what="the incidents in the store")
        for place, language in product(("", "#/wall"), ("id", "en")):
            page = browser.new_context().new_page()
            page.add_init_script(f"localStorage.setItem('jaga.language', '{language}')")
            page.goto(rig.url + place)
            strip = page.locator("[data-test=strip]")
            expect(strip.locator(".first")).to_contain_text("Simpang Kampung Melayu")
            expect(strip.locator(".wrong").last).to_be_visible()
            for width, height in ((3840, 2160), (1920, 1080), (1366, 768)):
                page.set_viewport_size({"width": width, "height": height})
                page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                assert page.evaluate(CUT) == [], (width, place, language)
                if width > 1366:
                    assert page.evaluate(AGE_SHOWN), "and how old the news is has room, too"
            page.context.close()


def test_a_page_that_was_cut_off_says_what_it_missed(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path) as rig, Cable(rig.port) as cable:
        rig.report()
        page = browser.new_context().new_page()
        page.goto(cable.url)
        await_snapshot(page)
        known = incident(rig, 0, Kind.BRAWL)
        page.locator(f"[data-id='{known}']").wait_for()
        note = page.locator("[data-test=missed]")

        cable.cut()
        page.locator(".link.lost").wait_for()
        fresh = incident(rig, 3, Kind.SMOKE_FIRE)
        rig.post(f"api/v1/incidents/{known}/transition", {"to": "resolved"})
        cable.mend()
        expect(note).to_contain_text("Selama terputus", timeout=20_000)
        expect(note).to_contain_text("2 perubahan, 1 insiden baru, 1 selesai")
        expect(page.locator("[data-test=announcement]")).to_contain_text("2 perubahan")
        note.get_by_role("button", name="Lihat yang baru").click()
        expect(page.locator(f"[data-id='{fresh}']")).to_have_attribute("aria-selected", "true")
        page.locator("[data-test=missed-close]").click()
        expect(note).to_have_count(0)

        # What was announced before its turn changes once more when that comes: then its event is listed.
        expect(page.locator(".side summary", has_text="Rincian teknis")).to_have_count(1, timeout=20_000)
        rig.kill()
        page.locator(".link.lost").wait_for()
        rig.start()
        expect(note).to_contain_text("dimuat ulang seluruhnya: tidak ada yang berubah", timeout=30_000)
        page.context.close()


def test_a_detail_that_did_not_come_is_asked_for_again(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        rig.report()
        known = incident(rig, 0, Kind.BRAWL)
        # From here on nothing changes about it, so that nothing else makes the page ask.
        wait_until(lambda: rig.get(f"api/v1/incidents/{known}")["events"], what="the event in its incident")
        asked: list[str] = []

        def carry(route: Route) -> None:
            asked.append(route.request.url)
            if len(asked) == 1:
                route.abort()
            else:
                route.continue_()

        page = browser.new_context().new_page()
        page.route(re.compile(r"/api/v1/incidents/[^/?]+$"), carry)
        page.goto(rig.url)
        await_snapshot(page)
        page.locator(f"[data-id='{known}']").click()
        expect(page.locator(".side summary", has_text="Rincian teknis")).to_have_count(1)
        assert len(asked) == 2
        page.context.close()


def test_a_server_that_is_deaf_does_not_pass_for_calm(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        rig.report()
        rig.broker.kill()
        wait_until(lambda: not rig.get("healthz")["broker"], 20, "the aggregator has lost its broker")
        page = open_page(browser, rig)
        expect(page.locator("[data-test=strip]")).to_contain_text("Aggregator tidak terhubung ke broker")
        page.context.close()


def test_the_wall_has_no_controls_and_grows_with_the_screen(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path, cameras=16) as rig:
        rig.report()
        for camera in range(12):
            rig.begin(camera, Kind.STOPPED_VEHICLE)
        brawl = incident(rig, 12, Kind.BRAWL)
        sizes = {}
        for width, height in ((3840, 2160), (1920, 1080), (1366, 768)):
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            page.goto(f"{rig.url}#/wall")
            rows = page.locator(".queue [data-id]")
            expect(rows.first).to_have_attribute("data-id", brawl)
            expect(page.locator("[data-test=strip]")).to_contain_text("1 insiden mendesak belum diterima")
            expect(page.locator(".more")).to_contain_text("insiden lagi")
            assert page.evaluate(SHOWN) == 0
            hidden = int((page.locator(".more").inner_text()).split()[1])
            assert rows.count() + hidden == 13
            sizes[width] = page.evaluate(LETTERS)
            assert page.evaluate(EXTENT) == [
                width,
                height,
            ]
            page.keyboard.press("Escape")
            expect(page.locator("[data-test=search]")).to_be_visible()
            assert "#/wall" not in page.url
            page.context.close()
        assert sizes[3840] >= 2 * sizes[1920] * 0.99
        assert sizes[1366] >= 16
