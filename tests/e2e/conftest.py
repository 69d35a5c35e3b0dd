"""A module's browser (its constant FLAGS, else with WebGL in software), and the page on a rig."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.e2e.page_rig import WEBGL, Rig, chromium, open_page


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """No longer than a module: its event loop stands in the way of tests that run their own."""
    expect.set_options(timeout=20_000)  # what is waited for comes at once, but for a busy machine
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright, request: pytest.FixtureRequest) -> Iterator[Browser]:
    with chromium(playwright, *getattr(request.module, "FLAGS", WEBGL)) as opened:
        yield opened


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as running:
        running.report()
        yield running


@pytest.fixture
def page(browser: Browser, rig: Rig) -> Iterator[Page]:
    """Fails the test if the page asked anybody else for anything, or reported an error of its own."""
    opened = open_page(browser, rig)
    yield opened
    unexpected = opened.seen.unexpected()  # type: ignore[attr-defined]
    opened.context.close()
    assert unexpected == []
