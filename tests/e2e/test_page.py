"""The command-centre page in a real Chromium, against a real aggregator that hears a real broker."""

import hashlib
import random
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from contract import topics
from contract.codec import encode
from contract.kinds import Kind
from contract.messages import CameraHealth, Health, HostHealth
from tests.brokers import wait_until
from tests.e2e.feed import picture
from tests.e2e.page_rig import NO_WEBGL, Rig, chromium, colours, near, open_page

pytestmark = [pytest.mark.browser, pytest.mark.broker]
SIZES = ((1920, 1080), (1366, 768))


def rows(page: Page) -> list[str]:
    """The ids in the list's present window, from the top."""
    return [row.get_attribute("data-id") or "" for row in page.locator("[role=option]").all()]


def one_incident(rig: Rig, page: Page, kind: Kind = Kind.BRAWL, camera: int = 0) -> str:
    """Puts an incident on the page and returns its id."""
    known = {incident["id"] for incident in rig.incidents()}
    rig.begin(camera, kind)
    wait_until(lambda: len(rig.incidents()) > len(known), what="the incident in the store")
    (fresh,) = {incident["id"] for incident in rig.incidents()} - known
    page.locator(f"[data-id='{fresh}']").wait_for()
    return str(fresh)


def state_of(rig: Rig, incident: str) -> str:
    return str(rig.get(f"api/v1/incidents/{incident}")["state"])


def taken(page: Page, state: str) -> None:
    """The page shows a step at once; until the server has answered it says so."""
    expect(page.locator(".side header .pill")).to_have_text(state)
    expect(page.locator(".side .saving")).to_have_count(0)


def test_calm_says_who_watches_and_who_does_not(page: Page) -> None:
    empty = page.locator(".empty")
    expect(empty).to_contain_text("Tidak ada yang perlu tindakan")
    expect(empty).to_contain_text("3 kamera berjaga, 1 tidak.")
    expect(page.locator("[data-camera]").first).to_contain_text("Kamera 3")
    expect(page.locator("[data-camera]").first).to_contain_text("Macet")
    expect(page.locator(".overview")).to_contain_text(re.compile(r"tidak ada gambar selama (4[2-9]|[5-9]\d) dtk"))


def test_an_event_appears_by_itself_and_says_why(page: Page, rig: Rig) -> None:
    incident = one_incident(rig, page)
    expect(page).to_have_title("(1) Jaga · Pusat kendali")
    expect(page.locator("[data-test=announcement]")).to_contain_text("Insiden baru: Tawuran, Kritis")
    page.keyboard.press("j")
    side = page.locator(".side")
    expect(side.locator("h2")).to_have_text("Tawuran")
    expect(side).to_contain_text("Tawuran di zona Yard menurut aturan brawl-yard")
    expect(side).to_contain_text("3,4 dtk")
    expect(side).to_contain_text("ambang 1 dtk")
    expect(side).to_contain_text("synthetic")
    expect(side).to_contain_text("5eed5eed5eed")
    expect(side).to_contain_text("peristiwa pertama")
    assert page.url.endswith(f"#/incident/{incident}")


def test_keys_acknowledge_dispatch_and_resolve(page: Page, rig: Rig) -> None:
    incident = one_incident(rig, page)
    page.keyboard.press("j")
    page.keyboard.press("a")
    taken(page, "Diterima")
    assert state_of(rig, incident) == "acknowledged"
    page.keyboard.press("d")
    taken(page, "Petugas dikirim")
    page.keyboard.press("r")
    expect(page.locator("[role=alertdialog]")).to_contain_text("Selesaikan insiden ini?")
    assert state_of(rig, incident) == "dispatched"
    page.keyboard.press("1")
    taken(page, "Selesai")
    detail = rig.get(f"api/v1/incidents/{incident}")
    assert (detail["state"], detail["changes"][-1]["reason"]) == ("resolved", "Ditangani petugas di lokasi")
    assert detail["changes"][-1]["actor"] == "operator"
    one_incident(rig, page)
    page.keyboard.press("j")
    expect(page.locator(".side")).to_contain_text(f"bukan insiden {incident[-6:].upper()}: sudah ditutup")


def test_a_false_alarm_takes_two_keys_and_a_reason(page: Page, rig: Rig) -> None:
    incident = one_incident(rig, page)
    page.keyboard.press("j")
    page.keyboard.press("f")
    dialog = page.locator("[role=alertdialog]")
    expect(dialog).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    before = state_of(rig, incident)
    assert before in ("suspected", "open")
    page.keyboard.press("f")
    page.keyboard.press("3")
    taken(page, "Alarm palsu")
    detail = rig.get(f"api/v1/incidents/{incident}")
    assert detail["changes"][-1]["reason"] == "Cuaca, bayangan atau cahaya"


def test_a_refused_step_says_what_is_possible(browser: Browser, rig: Rig) -> None:
    """This screen hears nothing of the other operator's step, so that the server is the one that refuses."""
    deaf = """
      const add = EventSource.prototype.addEventListener;
      EventSource.prototype.addEventListener = function (name, take) {
        add.call(this, name, name === 'incident' ? (message) => window.deaf || take(message) : take);
      };
    """
    page = open_page(browser, rig, script=deaf)
    incident = one_incident(rig, page)
    page.evaluate("window.deaf = true")
    rig.post(f"api/v1/incidents/{incident}/transition", {"to": "acknowledged"})
    page.keyboard.press("j")
    page.keyboard.press("a")
    failure = page.locator(".failure")
    expect(failure).to_contain_text("Keadaan sudah berubah")
    expect(failure).to_contain_text("Yang mungkin sekarang: Kirim petugas, Selesaikan, Alarm palsu")
    page.context.close()


def test_a_new_incident_moves_nothing_under_the_operator(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path, cameras=16) as rig:
        rig.report()
        page = open_page(browser, rig)
        for camera in range(15):
            rig.begin(camera, Kind.STOPPED_VEHICLE)
        expect(page.locator(".views .on b")).to_have_text("15")
        for _ in range(3):
            page.keyboard.press("j")
        selected = page.locator("[aria-selected=true]")
        chosen = selected.get_attribute("data-id") or ""
        before = selected.bounding_box()
        rig.begin(15, Kind.BRAWL)
        expect(page.locator(".views .on b")).to_have_text("16")
        expect(page.locator(".above")).to_contain_text("1 insiden lebih mendesak di atas")
        assert selected.get_attribute("data-id") == chosen
        assert selected.bounding_box() == before
        page.keyboard.press("a")
        taken(page, "Diterima")
        assert [one["id"] for one in rig.incidents() if one["state"] == "acknowledged"] == [chosen]
        page.context.close()


def test_above_the_load_minor_alarms_share_a_line_that_opens(browser: Browser, tmp_path: Path) -> None:
    with Rig(tmp_path, cameras=8, per_operator=1) as rig:
        rig.report()
        page = open_page(browser, rig)
        for camera in range(6):
            rig.begin(camera, Kind.STOPPED_VEHICLE)
        rig.begin(6, Kind.BRAWL)
        rig.begin(7, Kind.SMOKE_FIRE)
        expect(page.locator(".views .on b")).to_have_text("8")
        expect(page.locator("[data-test=summary]").first).to_be_visible(timeout=15_000)
        kinds = page.locator("[data-id] strong").all_inner_texts()
        assert {"Tawuran", "Asap atau api"} <= set(kinds)
        assert len(kinds) < 8
        page.keyboard.press("e")
        expect(page.locator("[data-id]")).to_have_count(8)
        page.keyboard.press("e")
        page.locator("[data-test=summary]").first.click()
        assert page.locator("[data-id]").count() > len(kinds)
        expect(page.locator("[data-test=quiet]")).to_contain_text("8 insiden dalam 10 menit")
        expect(page.locator("[data-test=quiet]")).to_contain_text("yang ringan diringkas")
        page.context.close()


def test_what_is_silenced_rings_nobody_and_the_page_says_so(page: Page, rig: Rig) -> None:
    one_incident(rig, page)
    page.keyboard.press("j")
    page.locator("[data-test=silence] summary").click()
    page.get_by_label("Alasan (wajib)").fill("perbaikan tiang")
    page.get_by_role("button", name="Bisukan", exact=True).click()
    expect(page.locator("[data-test=silence]")).to_contain_text("Dibisukan sampai")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    panel = page.locator("[data-test=quiet]")
    expect(panel).to_contain_text("perbaikan tiang")
    panel.get_by_role("button", name="Akhiri").click()
    expect(panel).not_to_contain_text("perbaikan tiang")


def test_one_rule_is_silenced_until_a_time_of_ones_own(page: Page, rig: Rig) -> None:
    one_incident(rig, page)
    page.keyboard.press("j")
    form = page.locator("[data-test=silence]")
    form.locator("summary").click()
    form.get_by_label("Yang dibisukan").select_option("rule")
    form.get_by_label("Selama").select_option("0")
    until = form.get_by_label("Sampai", exact=True)
    jakarta = timezone(timedelta(hours=7))
    form.get_by_label("Alasan (wajib)").fill("pohon ditebang")
    until.fill((datetime.now(jakarta) + timedelta(days=3)).strftime("%Y-%m-%dT18:30"))
    form.get_by_role("button", name="Bisukan", exact=True).click()
    expect(form.get_by_role("status")).to_contain_text("18:30")
    (made,) = [one for one in rig.get("api/v1/silences")["items"] if one["reason"] == "pohon ditebang"]
    assert (made["rule"] is not None, made["kind"]) == (True, None)
    wished = (datetime.now(jakarta) + timedelta(days=3)).replace(hour=18, minute=30, second=0, microsecond=0)
    assert datetime.fromisoformat(made["expires"]) == wished
    panel = page.locator("[data-test=quiet]")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(panel).to_contain_text(f" · {made['rule']}")
    panel.get_by_role("button", name="Akhiri").click()
    expect(panel).not_to_contain_text("pohon ditebang")


def test_language_and_theme_are_switched_and_remembered(page: Page, rig: Rig) -> None:
    one_incident(rig, page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-test=language]").click()
    expect(page.locator("[role=option]")).to_contain_text("Brawl")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("[data-test=theme]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    page.reload()
    expect(page.locator("[role=option]")).to_contain_text("Brawl")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.locator("[data-test=theme]").click()
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_map_draws_cameras_and_incidents_without_a_network(page: Page, rig: Rig) -> None:
    good, bad, critical = (0x45, 0xD6, 0xA0), (0xFF, 0x8F, 0x88), (0xFF, 0x7A, 0x75)
    page.locator(".map .tools").wait_for()
    wait_until(lambda: near(colours(page), good) > 60 and near(colours(page), bad) > 20, 30, "cameras on the map")
    before = near(colours(page), critical)
    one_incident(rig, page)
    wait_until(lambda: near(colours(page), critical) > before + 150, 30, "the incident on the map")
    expect(page.locator(".map .grid")).to_contain_text("Kisi")


def test_without_webgl_there_is_a_plain_map(playwright: Playwright, rig: Rig) -> None:
    with chromium(playwright, *NO_WEBGL) as browser:
        page = open_page(browser, rig)
        incident = one_incident(rig, page)
        plain = page.locator(".map svg[role=img]")
        expect(plain.locator(".camera")).to_have_count(4)
        plain.locator(".incident").click()
        assert page.url.endswith(f"#/incident/{incident}")
        assert page.seen.unexpected() == []  # type: ignore[attr-defined]


def test_the_map_is_called_what_it_is_in_the_readers_language(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)
    canvas = page.locator(".map canvas")
    expect(canvas).to_have_attribute("aria-label", "Peta: tombol panah menggeser, + dan - memperbesar")
    page.locator("[data-test=language]").click()
    expect(canvas).to_have_attribute("aria-label", "Map: the arrow keys move it, + and - zoom")
    page.context.close()


def test_a_dead_server_cannot_be_missed_and_a_live_one_is_found_again(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)
    incident = one_incident(rig, page)
    page.keyboard.press("j")
    rig.kill()
    banner = page.locator(".banner[role=alert]")
    banner.wait_for(timeout=15_000)
    expect(banner).to_contain_text("Layar ini tidak diperbarui")
    expect(banner).to_contain_text("Data terakhir")
    expect(page).to_have_title("⚠ TERPUTUS · Jaga")
    page.keyboard.press("a")
    expect(page.locator(".failure")).to_contain_text("BELUM PASTI tersimpan")
    rig.start()
    expect(banner).to_have_count(0, timeout=30_000)
    fresh = one_incident(rig, page, Kind.SMOKE_FIRE, camera=3)
    assert set(rows(page)) == {incident, fresh}
    page.context.close()


def test_a_picture_that_comes_late_shows_itself(browser: Browser, rig: Rig) -> None:
    page = open_page(browser, rig)  # asking for a picture that is not there yet is a 404 in the console
    jpeg = picture(rig.cameras[0], Kind.BRAWL, random.Random(1))
    sha256 = hashlib.sha256(jpeg).hexdigest()
    event = rig.begin(0, Kind.BRAWL, sha256)
    page.locator("[role=option]").wait_for()
    page.keyboard.press("j")
    expect(page.locator(".placeholder")).to_contain_text("Cuplikan belum tiba", timeout=20_000)
    place = rig.cameras[0]
    rig.publisher.put(topics.evidence(place.site, place.camera, event), jpeg)
    rig.publisher.wait()
    shown = page.locator("figure img.shown")
    shown.wait_for(timeout=20_000)
    assert shown.evaluate("image => image.naturalWidth") == 960
    expect(page.locator("figure svg rect:not(.halo)")).to_have_count(1)
    page.context.close()


def test_a_spooled_event_is_marked_and_not_announced(page: Page, rig: Rig) -> None:
    rig.begin(0, Kind.BRAWL, started=datetime.now(UTC) - timedelta(hours=2))
    row = page.locator("[role=option]")
    expect(row).to_contain_text("tertunda")
    expect(page.locator("[data-test=announcement]")).to_have_text("")
    page.keyboard.press("j")
    expect(page.locator(".notice.warn")).to_contain_text("Periksa waktunya")


def test_what_a_camera_says_is_text_and_never_markup(page: Page, rig: Rig) -> None:
    nasty = '<img src=x onerror="window.pwned=1"><b>Gerbang</b>'
    health = Health(
        time=datetime.now(UTC),
        interval_s=10,
        cameras=(CameraHealth(camera="cam-9", name=nasty, state="failed", reason=nasty),),
        host=HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0),
    )
    rig.publisher.put(topics.health("site-1", "edge-1"), encode(health), qos=1)
    rig.publisher.wait()
    expect(page.locator("[data-camera='site-1/cam-9']")).to_contain_text(nasty)
    assert page.evaluate("window.pwned") is None


CUT = """() => [...document.querySelectorAll('header, header *, .filters *, .actions *, .side h2')]
  .filter((e) => e.clientWidth > 0 && getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1)
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent}`)"""
EXTENT = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
COLUMNS = "[...document.querySelectorAll('main > *')].map((e) => e.getBoundingClientRect().toJSON())"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_is_cut_off(browser: Browser, rig: Rig, width: int, height: int) -> None:
    page = open_page(browser, rig, width, height)
    one_incident(rig, page)
    page.keyboard.press("j")
    page.locator(".facts").wait_for()
    for language in ("id", "en"):
        if language == "en":
            page.locator("[data-test=language]").click()
        assert page.evaluate(CUT) == [], language
        assert page.evaluate(EXTENT) == [width, height]
        boxes = page.evaluate(COLUMNS)
        assert boxes[0]["left"] == 0
        assert boxes[-1]["right"] == width
        assert all(box["bottom"] <= height for box in boxes)
    page.context.close()


SCROLL = """async () => {
  const list = document.querySelector('.scroller');
  const times = [];
  let last = performance.now();
  for (let step = 0; step < 80; step++) {
    list.scrollTop += 400;
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - last);
    last = performance.now();
  }
  return times.sort((a, b) => a - b)[40];
}"""


def test_five_hundred_incidents_stay_smooth(browser: Browser, tmp_path: Path) -> None:
    """Arriving at once, one at each of 500 cameras: every one is listed, few exist, and a frame takes no time."""
    count = 500
    with Rig(tmp_path, cameras=count) as rig:
        rig.report()
        page = open_page(browser, rig)
        now = datetime.now(UTC)
        for number, camera in enumerate(rig.cameras):
            when = now - timedelta(seconds=number / 10)
            rig.publisher.event(rig.events.make(camera, Kind.BRAWL, "begin", when, when, confidence=0.9))
        rig.publisher.wait()
        expect(page.locator(".views .on b")).to_have_text(str(count), timeout=30_000)
        assert len(rows(page)) < 30
        median_ms = page.evaluate(SCROLL)
        assert median_ms < 60, f"half of the frames take longer than {median_ms:.0f} ms"
        page.keyboard.press("End")
        last = page.locator(f"[aria-posinset='{count}']")
        expect(last).to_have_attribute("aria-selected", "true")
        expect(last).to_be_in_viewport()
        assert len(rows(page)) < 30
        assert page.seen.unexpected() == []  # type: ignore[attr-defined]
        page.context.close()
