"""An event on video becomes an incident on the page; killing broker, agent and aggregator loses and doubles nothing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.brokers import wait_until
from tests.e2e.system import LOOP_S, System, running_system

pytestmark = [pytest.mark.broker, pytest.mark.browser, pytest.mark.timeout(420)]
NEW_EVENTS = 5
"""So many must come to be while somebody is dead, so that there is something to lose."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture
def page(system: System, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="id-ID")
    page.goto(system.url)
    yield page
    page.close()


def numbers(system: System, agent: str) -> set[int]:
    return set(system.stored(agent))


def wait_for_more(system: System, agents: list[str], count: int = NEW_EVENTS) -> None:
    """Until each of these agents has made `count` more events."""
    goal = {agent: system.spooled(agent) + count for agent in agents}
    wait_until(lambda: all(system.spooled(agent) >= goal[agent] for agent in agents), 4 * LOOP_S, f"{goal} events made")


def wait_for_all(system: System) -> None:
    """Until what every agent has made by now is stored."""
    goal = {agent: set(range(1, system.spooled(agent) + 1)) for agent in system.agents}
    wait_until(lambda: all(goal[agent] <= numbers(system, agent) for agent in goal), 60, f"stored: {goal}")


def test_an_event_on_video_becomes_an_incident_on_the_page(system: System, page: Page) -> None:
    row = page.get_by_role("listbox").get_by_role("option").first
    expect(row).to_be_visible(timeout=90_000)
    incident = system.incidents()[0]
    assert incident["kind"] in ("intrusion", "line_crossing")
    row.click()
    expect(page.locator("body")).to_contain_text("yolov8n")
    expect(page.locator("img[src*='/api/v1/evidence/']").first).to_be_visible(timeout=30_000)


def test_a_clip_is_asked_of_the_camera_and_plays(system: System, page: Page) -> None:
    """Over the broker to the camera's host and back; whoever looks is in the audit log."""
    page.get_by_role("listbox").get_by_role("option").first.click()
    ask = page.get_by_role("button", name="Minta klip").first
    play = page.get_by_role("button", name="Putar klip").first

    def comes() -> bool:
        """One that is still being recorded is refused with the reason, and asked for again."""
        if ask.is_visible():
            ask.click()
        expect(page.get_by_role("button", name="klip").first).to_be_visible(timeout=30_000)
        return play.is_visible()

    wait_until(comes, 60, "the clip has come")
    play.click()
    video = page.locator("video").first
    expect(video).to_be_visible()
    page.wait_for_function("video => video.readyState >= 2 && video.videoWidth > 100", arg=video.element_handle())
    assert system.audited("evidence.ask") >= 1


@pytest.mark.parametrize("victim", ["broker", "agent", "aggregator"])
def test_a_kill_loses_and_doubles_nothing(system: System, page: Page, victim: str) -> None:
    everyone = list(system.agents)
    wait_for_more(system, everyone, 1)
    if victim == "broker":
        system.broker.kill()
        wait_for_more(system, everyone)
        system.broker.start()
    elif victim == "agent":
        system.agents["edge-a"].kill()
        wait_for_more(system, ["edge-b"])
        system.agents["edge-a"].start()
        wait_for_more(system, ["edge-a"])
    else:
        system.aggregator.kill()
        wait_for_more(system, everyone)
        system.aggregator.start()
        wait_until(system.answers, 30, "the aggregator answers again")
    wait_for_all(system)
    for agent in everyone:
        found = system.stored(agent)
        assert found == list(range(1, len(found) + 1)), f"{agent}: {found}"
    assert system.quarantined() == []
    shown = page.get_by_role("listbox").get_by_role("option").first
    expect(shown).to_be_visible(timeout=60_000)


def nothing_waits(system: System) -> bool:
    """The broker has acknowledged everything."""
    return all(system.waiting(agent) == 0 for agent in system.agents)


def test_a_broker_that_forgets_what_it_acknowledged_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The worst case: nobody takes what the broker has acknowledged, it keeps nothing on disk, and its power goes."""
    with running_system(tmp_path, persistence=False) as system:
        everyone = list(system.agents)
        wait_for_more(system, everyone, 1)
        wait_for_all(system)
        system.aggregator.kill()
        wait_for_more(system, everyone)
        wait_until(lambda: nothing_waits(system), 20, "everything acknowledged")
        forgotten = {agent: system.spooled(agent) for agent in everyone}
        system.broker.kill()
        system.broker.start()
        system.aggregator.start()
        wait_until(system.answers, 30, "the aggregator answers again")
        wait_for_all(system)
        for agent in everyone:
            found = system.stored(agent)
            assert found == list(range(1, len(found) + 1)), f"{agent}: {found}"
            assert len(found) >= forgotten[agent]
        assert "replay_answered" in system.aggregator.log.read_text(), "nothing was forgotten: this shows nothing"
        assert system.quarantined() == []


def test_agents_end_politely_and_leave_nothing_behind(system: System) -> None:
    for agent in system.agents.values():
        assert agent.end(signal.SIGTERM) == 0
    wait_for_all(system)
    for name in system.agents:
        assert system.stored(name) == list(range(1, system.spooled(name) + 1))
    states = {camera["properties"]["state"] for camera in system.get("/api/v1/cameras")["features"]}
    assert states == {"offline"}


def test_nothing_was_logged_as_an_error(system: System) -> None:
    lines = [
        line for line in system.logs().splitlines() if '"level":"error"' in line.replace(" ", "") or "Traceback" in line
    ]
    assert lines == []


def test_data_stays_small(system: System) -> None:
    """Nothing waits in the spool once everything was acknowledged."""
    for name in system.agents:
        assert system.waiting(name) == 0
        assert Path(system.folder / name).is_dir()
