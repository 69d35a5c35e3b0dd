"""Takes pictures of the page as people see it: a simulated city, a real aggregator, a real browser.

    python -m benchmarks.screenshots OUT                    # everything, about a quarter of an hour on two cores
    python -m benchmarks.screenshots OUT --only 5 --hours 12

For 0, 5 and 500 open incidents at 1920x1080 and 1366x768, dark and light, Indonesian and English, and the wall in 4K;
for the city of five also each report and the audit log. Needs mosquitto, Chromium and the built page.
"""

import argparse
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import time

from playwright.sync_api import Browser, Page, sync_playwright

from aggregator.accounts import Policy
from aggregator.adapters.passwords_argon2 import Argon2Passwords
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.access import Role
from aggregator.roster import Roster
from benchmarks.staged_city import OPERATORS, stage
from tests.brokers import wait_until
from tests.e2e.page_rig import WEBGL, Rig, await_snapshot, chromium

SIZES = ((1920, 1080), (1366, 768))
WALL = (3840, 2160)
THEMES, LANGUAGES = ("dark", "light"), ("id", "en")
REPORTS = ("shift", "response", "precision", "coverage")
PEOPLE: dict[str, Role] = {**dict.fromkeys(OPERATORS, "operator"), "agus": "supervisor", "dewi": "auditor"}
DISTRICTS = {
    "jakarta-pusat": ("monas", "tanah-abang", "senen", "cikini", "menteng", "kemayoran"),
    "jakarta-barat": ("kota-tua", "grogol", "glodok", "palmerah"),
    "jakarta-timur": ("jatinegara", "rawamangun", "cawang"),
    "jakarta-selatan": ("manggarai", "blok-m", "tebet", "pasar-minggu", "kuningan"),
    "jakarta-utara": ("priok", "koja"),
}
SIZE_OF = {0: (120, 6.0), 5: (240, 36.0), 500: (2_400, 1.5)}
"""Cameras and hours of the city with so many open incidents."""


def config(sites: list[str]) -> str:
    """Districts of the city, as far as it reaches."""
    parts = []
    for name, held in DISTRICTS.items():
        known = [site for site in held if site in sites]
        if known:
            parts.append(f'[[district]]\nname = "{name}"\nsites = {known}'.replace("'", '"'))
    return f"operators = {len(OPERATORS)}\n" + "\n".join(parts)


def people(data: Path, password: str) -> None:
    store = SqliteStore(data / "jaga.sqlite")
    roster = Roster(SqlitePeople(store), Argon2Passwords(), Policy(), time, "command")
    for name, role in PEOPLE.items():
        roster.add(name, role, (), password)
    store.close()


@contextmanager
def served(folder: Path, incidents: int, hours: float | None) -> Iterator[tuple[Rig, str]]:
    """A city with so many open incidents behind a running aggregator; the password is everybody's."""
    cameras, usual = SIZE_OF[incidents]
    staged = stage(folder / "data", datetime.now(UTC), cameras=cameras, hours=hours or usual, left=incidents)
    password = secrets.token_urlsafe(18)
    people(folder / "data", password)
    with Rig(folder, per_operator=1.0, more=config(staged.sites)) as rig:
        for topic, payload, retained in staged.reports(datetime.now(UTC)):
            rig.publisher.put(topic, payload, retain=retained)
        rig.publisher.wait()
        yield rig, password


def opened(
    browser: Browser, rig: Rig, name: str, password: str, size: tuple[int, int], theme: str, language: str
) -> Page:
    """The page as somebody sees it who has just logged in."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="id-ID" if language == "id" else "en-GB"
    )
    context.set_default_timeout(120_000)  # of 500 incidents and thousands of cameras, drawn without a GPU
    context.add_init_script(
        f"localStorage.setItem('jaga.theme', '{theme}'); localStorage.setItem('jaga.language', '{language}');"
    )
    answer = context.request.post(f"{rig.url}api/v1/session", data={"name": name, "password": password})
    assert answer.ok, answer.text()
    page = context.new_page()
    page.goto(rig.url)
    await_snapshot(page)
    return page


def settled(page: Page) -> None:
    """Pictures are there, and the map is seen and has drawn what it knows: two looks at it are the same. Where there is
    no map, at the page."""
    loaded = "[...document.images].every((image) => image.complete || image.loading === 'lazy')"
    wait_until(lambda: bool(page.evaluate(loaded)), 30, "pictures are loaded")
    page.evaluate("document.fonts.ready")
    city = page.locator("main:visible .map")
    if city.count():
        city.locator("canvas").wait_for()
    looks = [b""]

    def still() -> bool:
        shown = city if city.count() else page.locator("main:visible")
        looks.append(shown.screenshot(animations="disabled", mask=[page.locator("time, .age")]))
        return looks[-1] == looks[-2]

    wait_until(still, 180, "the page has come to rest")


def desks(browser: Browser, rig: Rig, password: str, incidents: int, out: Path) -> None:
    for size, theme, language in product(SIZES, THEMES, LANGUAGES):
        page = opened(browser, rig, "rina", password, size, theme, language)
        if incidents:
            page.locator("[data-id]").first.wait_for()
            page.keyboard.press("j")
            page.locator(".side .scroll").first.wait_for()
        settled(page)
        page.screenshot(path=out / f"desk-{incidents}-{size[0]}-{theme}-{language}.png")
        page.context.close()


def wall(browser: Browser, rig: Rig, password: str, incidents: int, out: Path) -> None:
    page = opened(browser, rig, "rina", password, WALL, "dark", "id")
    page.goto(f"{rig.url}#/wall")
    page.locator("[data-test=wall-page]").wait_for()
    settled(page)
    page.screenshot(path=out / f"wall-{incidents}-{WALL[0]}.png")
    page.context.close()


def views(browser: Browser, rig: Rig, password: str, out: Path) -> None:
    looks = ((SIZES[0], "dark", "id"), (SIZES[1], "light", "en"))
    for (size, theme, language), name in product(looks, (*REPORTS, "audit")):
        page = opened(browser, rig, "dewi" if name == "audit" else "agus", password, size, theme, language)
        page.goto(f"{rig.url}#/{'audit' if name == 'audit' else 'reports'}")
        if name == "audit":
            page.locator("[data-test=verify]").click()
            page.locator("[data-test=verified] .holds").wait_for()
        else:
            page.locator(f"[data-test=report-{name}]").click()
            page.locator("[data-test=period]").select_option("week")
            page.locator(".title[aria-busy=false]").wait_for()
        settled(page)
        page.screenshot(path=out / f"{name}-{size[0]}-{theme}-{language}.png")
        page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", type=int, choices=sorted(SIZE_OF), help="only the city with so many open incidents")
    parser.add_argument("--hours", type=float, help="of history, instead of the usual ones")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for incidents in SIZE_OF if args.only is None else (args.only,):
        with (
            tempfile.TemporaryDirectory() as folder,
            served(Path(folder), incidents, args.hours) as (rig, password),
            sync_playwright() as playwright,
            chromium(playwright, *WEBGL) as browser,
        ):
            desks(browser, rig, password, incidents, args.out)
            wall(browser, rig, password, incidents, args.out)
            if incidents == 5:
                views(browser, rig, password, args.out)
        print(f"{incidents} incidents: done")


if __name__ == "__main__":
    main()
