"""Logging in and out on the page, in a real Chromium against a real aggregator with accounts."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from contract.kinds import Kind
from tests.brokers import wait_until
from tests.e2e.page_rig import Rig, await_snapshot
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.broker]


def command(rig: Rig, *words: str, typed: str = "") -> str:
    """`jaga aggregator ...` beside the running aggregator."""
    line = [sys.executable, "-m", "jaga", "aggregator", *words, "--config", str(rig._config)]
    return subprocess.run(line, input=typed, capture_output=True, text=True, timeout=60, check=True).stdout


OPERATORS = ("rina", "tono", "sari", "joko")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One for all, since it takes a while: with incidents, and with accounts of which each test has its own."""
    with Rig(tmp_path_factory.mktemp("login")) as running:
        running.report()
        for camera in range(3):
            running.begin(camera, Kind.BRAWL)
        wait_until(lambda: len(running.incidents()) == 3, what="the incidents in the store")
        command(running, "user", "add", "chief", "--role", "administrator", typed=PASSWORD)
        running.admit({**dict.fromkeys(OPERATORS, "operator"), "wati": "viewer"})
        yield running


@pytest.fixture
def page(browser: Browser, rig: Rig) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    opened = context.new_page()
    opened.goto(rig.url)
    yield opened
    context.close()


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """By keyboard alone."""
    page.locator("[data-test=login]").wait_for()
    field = page.locator("input[name=username]")
    field.fill(name)
    field.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_an_operator_logs_in_acts_and_logs_out(page: Page, rig: Rig) -> None:
    dialog = page.locator("[data-test=login]")
    expect(dialog.get_by_role("heading")).to_have_text("Masuk ke Jaga")
    expect(page.get_by_label("Nama akun")).to_be_focused()
    assert page.locator("[role=option]").count() == 0
    for key in ("Escape", "Escape", "Escape", "j", "?"):
        page.keyboard.press(key)
    expect(dialog).to_be_visible()
    assert page.locator("[role=option]").count() == 0
    page.get_by_label("Nama akun").clear()
    log_in(page, "rina", "wrong")
    expect(dialog.get_by_role("alert")).to_contain_text("Nama dan kata sandi tidak cocok")
    expect(page.get_by_label("Kata sandi")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    await_snapshot(page)
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-test=who]")).to_contain_text("rina operator")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".side header .pill")).to_have_text("Diterima")
    expect(page.locator(".side")).to_contain_text("rina")
    page.locator("[data-test=who]").click()
    expect(page.locator("[data-test=account]")).to_contain_text("seluruh kota")
    page.locator("[data-test=logout]").click()
    expect(page.locator("[data-test=login]")).to_be_visible()
    assert page.locator("[role=option]").count() == 0
    assert page.context.cookies() == []
    assert "incident.transition" in command(rig, "audit", "export")
    assert command(rig, "audit", "verify").split(":")[0].isdigit()


def test_five_wrong_passwords_are_answered_with_a_wait(page: Page) -> None:
    for _ in range(6):
        log_in(page, "tono", "wrong")
        expect(page.locator("[data-test=login] .yes")).to_have_attribute("aria-disabled", "false")
    expect(page.locator("[data-test=login]").get_by_role("alert")).to_contain_text("Coba lagi dalam")


def test_a_viewer_looks_and_does_not_act(page: Page) -> None:
    log_in(page, "wati")
    await_snapshot(page)
    page.keyboard.press("j")
    expect(page.locator(".actions button").first).to_be_disabled()
    expect(page.locator(".side")).to_contain_text("hanya boleh melihat")


def test_a_session_that_ends_loses_nothing_that_was_typed(page: Page, rig: Rig) -> None:
    log_in(page, "sari")
    await_snapshot(page)
    page.keyboard.press("j")
    page.keyboard.press("f")
    page.locator("[role=alertdialog] input").fill("Anak-anak bermain bola")
    command(rig, "user", "password", "sari", typed=PASSWORD + " 2")
    dialog = page.locator("[data-test=login]")
    expect(dialog).to_contain_text("Sesi Anda telah berakhir", timeout=20_000)
    expect(page.locator(".page")).to_have_css("visibility", "hidden")
    page.get_by_label("Kata sandi").fill(PASSWORD + " 2")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("[role=alertdialog] input")).to_have_value("Anak-anak bermain bola")
    page.locator("[role=alertdialog] input").press("Enter")
    expect(page.locator(".side header .pill")).to_have_text("Alarm palsu")
    detail_reason = rig_reason(page)
    assert detail_reason == ("sari", "Anak-anak bermain bola")


def rig_reason(page: Page) -> tuple[str, str]:
    """Actor and reason of the last change, asked by the page itself."""
    script = """async () => {
      const id = location.hash.split('/').at(-1);
      const last = (await (await fetch(`/api/v1/incidents/${id}`)).json()).changes.at(-1);
      return [last.actor, last.reason];
    }"""
    actor, reason = page.evaluate(script)
    return actor, reason


def test_another_user_sees_nothing_of_the_one_before(page: Page, rig: Rig) -> None:
    log_in(page, "joko")
    await_snapshot(page)
    page.keyboard.press("j")
    page.keyboard.press("f")
    page.locator("[role=alertdialog] input").fill("rahasia")
    command(rig, "user", "disable", "joko")
    expect(page.locator("[data-test=login]")).to_contain_text("Sesi Anda telah berakhir", timeout=20_000)
    log_in(page, "wati")
    expect(page.locator("[data-test=who]")).to_contain_text("wati")
    expect(page.locator("[role=alertdialog]")).to_have_count(0)
    assert "rahasia" not in page.content()


def test_an_administrator_manages_accounts(page: Page, rig: Rig) -> None:
    log_in(page, "chief")
    page.locator("[data-test=language]").click()
    page.locator("[data-test=who]").click()
    roster = page.locator("[data-test=roster]")
    expect(roster.get_by_role("row")).to_have_count(3 + len(OPERATORS))
    roster.get_by_label("Role of wati").select_option("supervisor")
    roster.get_by_role("button", name="Disable rina").click()
    expect(roster.get_by_role("button", name="Enable rina")).to_be_visible()
    roster.get_by_text("Add an account").first.click()
    roster.get_by_label("Account name").fill("budi")
    roster.get_by_label("Password").fill("budibudibudi")
    roster.get_by_role("button", name="Add an account").click()
    expect(roster.get_by_role("alert")).to_contain_text("too easy to guess")
    roster.get_by_label("Password").fill(PASSWORD)
    roster.get_by_role("button", name="Add an account").click()
    expect(roster.get_by_role("row", name="budi")).to_contain_text("operator")
    listed = command(rig, "user", "list")
    assert '"name": "wati", "role": "supervisor"' in listed
    assert '"name": "rina", "role": "operator", "districts": [], "disabled": true' in listed
