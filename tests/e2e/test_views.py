"""Reports and the audit log on the page, as timelines, in a real Chromium against a real aggregator."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import time

import pytest
from playwright.sync_api import Browser, Page, expect

from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from contract.kinds import Kind
from tests.brokers import wait_until
from tests.e2e.page_rig import NO_WEBGL, Rig, open_page
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.broker]
FLAGS = NO_WEBGL
MOST_TABS = 60


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    begun = datetime.now(timezone(timedelta(hours=8))) - timedelta(hours=1)
    zone = f'[clock]\ntime_zone = "Asia/Makassar"\nshifts = ["{begun:%H}:00"]'
    with Rig(tmp_path_factory.mktemp("views"), more=zone) as running:
        running.report()
        for camera in range(3):
            running.begin(camera, Kind.BRAWL)
        wait_until(lambda: len(running.incidents()) == 3, what="the incidents in the store")
        yield running


def tab_to(page: Page, wanted: str) -> None:
    """By the key alone, as somebody does who has no mouse."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_a_supervisor_reads_the_shift_without_a_mouse(page: Page, rig: Rig) -> None:
    """An incident is acknowledged and called false with words; the report says so; back at the desk keys work again."""
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".side .pill").first).to_have_text("Diterima")
    page.keyboard.press("f")
    page.locator("[role=alertdialog]").wait_for()
    page.keyboard.press("1")
    expect(page.locator(".side .pill").first).to_have_text("Alarm palsu")
    tab_to(page, "[data-test=reports]")
    page.keyboard.press("Enter")
    expect(page.locator("main:visible h2[tabindex]")).to_be_focused()
    expect(page).to_have_url(f"{rig.url}#/reports")
    totals = page.locator("[data-test=totals]")
    expect(totals).to_contain_text("Dibuka")
    expect(page.locator("[data-test=table-people] tbody")).to_contain_text("operator")
    expect(page.locator("[data-test=table-notes] tbody tr")).to_have_count(1)
    expect(page.locator("[data-test=range]")).to_contain_text("WITA")
    tab_to(page, "[data-test=report-response]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-test=report-title]")).to_have_text("Waktu tanggap")
    expect(page.locator("[data-test=table-response_distribution] svg[role=img]")).to_be_visible()
    expect(page.locator("[data-test=table-response_distribution] tbody tr")).to_have_count(11)
    tab_to(page, "[data-test=period]")
    page.keyboard.press("Home")
    expect(page.locator("[data-test=period]")).to_have_value("shift")
    page.keyboard.press("k")  # on the desk this would move the selection
    before = page.locator("[data-test=back]")
    before.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".side h2").first).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("[role=option][aria-selected=true]")).to_have_count(1)


def test_own_range_files_and_a_refusal_in_the_readers_language(page: Page, rig: Rig) -> None:
    page.goto(f"{rig.url}#/reports")
    page.locator("[data-test=totals]").wait_for()
    with page.expect_download() as waited:
        page.locator("[data-test=table-by_kind] .csv").click()
    assert waited.value.suggested_filename.startswith("jaga-shift-by_kind_")
    content = Path(waited.value.path()).read_text("utf-8-sig")
    assert content.splitlines()[1].startswith("Tawuran,3")
    with page.expect_download() as waited:
        page.locator("[data-test=pdf]").click()
    assert waited.value.suggested_filename.endswith(".pdf")
    page.locator("[data-test=period]").select_option("custom")
    start, end = page.locator("input[type=datetime-local]").all()
    start.fill("2020-01-01T00:00")
    end.fill("2021-01-01T00:00")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("paling lama 92 hari")
    page.locator("[data-test=language]").click()
    end.fill("2020-01-02T00:00")
    page.keyboard.press("Enter")
    expect(page.locator("[data-test=range]")).to_have_text("1 Jan 00:00 – 2 Jan 00:00 WITA")
    expect(page.locator("[data-test=table-by_kind]")).to_contain_text("None.")
    seen = page.seen  # type: ignore[attr-defined]
    assert len(seen.complaints) == 1  # the browser's own line on the answer 409
    seen.complaints.clear()


def noted(rig: Rig, count: int) -> None:
    """So many looks at pictures, beside the running aggregator."""
    store = SqliteStore(rig.folder / "data" / "jaga.sqlite")
    SqlitePeople(store).note([(time(), "budi", "evidence.read", f"{n:064x}", "10.0.0.7") for n in range(count)])
    store.close()


def test_the_audit_log_is_searched_paged_and_verified(page: Page, rig: Rig) -> None:
    """250 looks at pictures, one step by rina; found by who, by what and by incident; the chain holds."""
    noted(rig, 250)
    first = next(one for one in rig.incidents() if one["allowed"])
    rig.post(f"api/v1/incidents/{first['id']}/transition", {"to": first["allowed"][0], "reason": "x", "actor": "rina"})
    page.goto(f"{rig.url}#/?severity=critical")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.goto(f"{rig.url}#/audit")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("rina")
    page.locator("[data-test=more]").click()
    expect(rows).to_have_count(200)
    page.locator("[data-test=actor]").fill("rina")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(page.locator("[data-test=more]")).to_have_count(0)
    page.locator("[data-test=actor]").fill("")
    page.locator("[data-test=action]").select_option("incident.transition")
    page.locator("[data-test=object]").fill(first["id"])
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("rina")
    page.locator("[data-test=verify]").click()
    expect(page.locator("[data-test=verified]")).to_contain_text("Rantai utuh")
    rows.first.locator("a").click()
    expect(page).to_have_url(f"{rig.url}#/incident/{first['id']}?severity=critical")  # the queue is as it was
    expect(page.locator(".side")).to_contain_text(first["id"][-6:].upper())


def test_a_part_that_cannot_be_loaded_says_so_and_the_desk_goes_on(browser: Browser, rig: Rig) -> None:
    """A server that was updated has other files than a page that was opened before."""
    page = open_page(browser, rig)
    page.route("**/assets/Views-*", lambda route: route.abort())
    page.locator("[data-test=reports]").click()
    told = page.locator("[data-test=unloaded]")
    expect(told.get_by_role("alert")).to_contain_text("Bagian ini tidak dapat dimuat")
    told.get_by_role("button").last.click()
    expect(told).to_have_count(0)
    expect(page.locator("[role=option]").first).to_be_visible()
    page.context.close()


def test_who_may_not_sees_no_link_and_no_report(browser: Browser, rig: Rig) -> None:
    """The last of the module's tests: accounts are for good."""
    rig.admit({"rina": "operator"})
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    answer = context.request.post(f"{rig.url}api/v1/session", data={"name": "rina", "password": PASSWORD})
    assert answer.ok
    page = context.new_page()
    page.goto(f"{rig.url}#/reports")
    expect(page.locator("[role=alert]")).to_have_text("Peran Anda tidak boleh melihat laporan.")
    expect(page.locator("[data-test=reports], [data-test=audit]")).to_have_count(0)
    page.goto(f"{rig.url}#/audit")
    expect(page.locator("[role=alert]")).to_have_text("Peran Anda tidak boleh melihat catatan audit.")
