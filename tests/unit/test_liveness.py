"""What the aggregator says of cameras and agents, told as timelines."""

from datetime import UTC, datetime
from math import copysign, inf

import pytest

from aggregator.core.liveness import CLOCK_WRONG_S, REFRESH_S, Camera, Fleet, View
from aggregator.core.sequence import MAX_HOLES, Sequence, give_up, observe
from contract.events import Location
from contract.messages import CameraHealth, Health, HostHealth, Status
from contract.sentence import sentence
from tests.timeline import make_event, place

TIME = datetime.fromtimestamp(0, UTC)
"""Hosts' clocks are right in these timelines, which begin at 0."""
HOST = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0)
BOOT = "01890000-0000-7000-8000-000000000000"


def status(state: str) -> Status:
    return Status(state=state, time=TIME, version="1", boot_id=BOOT, config_hash="0" * 8)  # type: ignore[arg-type]


def health(*reports: CameraHealth, interval_s: float = 10.0) -> Health:
    return Health(time=TIME, interval_s=interval_s, cameras=reports, host=HOST)


def report(camera: str, state: str = "online", **more: object) -> CameraHealth:
    return CameraHealth(camera=camera, state=state, **more)  # type: ignore[arg-type]


def states(cameras: list[Camera]) -> dict[str, str]:
    return {camera.id: camera.state for camera in cameras}


def test_health_shows_a_camera_at_once_and_again_when_it_changes() -> None:
    fleet = Fleet()
    assert states(fleet.health("s", "e", health(report("a"), report("b", "stalled")), 0)) == {
        "a": "online",
        "b": "stalled",
    }
    assert fleet.health("s", "e", health(report("a"), report("b", "stalled")), 10) == []
    assert states(fleet.health("s", "e", health(report("a"), report("b")), 20)) == {"b": "online"}
    assert states(fleet.health("s", "e", health(report("a", fps_in=5.0), report("b")), REFRESH_S)) == {"a": "online"}


def test_silence_takes_an_agents_cameras_offline_once() -> None:
    fleet = Fleet()
    fleet.health("s", "e", health(report("a")), 1)
    fleet.health("s", "other", health(report("b"), interval_s=60), 1)
    assert fleet.tick(31) == ([], [])
    agents, gone = fleet.tick(32)
    assert agents == [("s", "e")]
    assert states(gone) == {"a": "offline"}
    assert gone[0].reason == "silent"
    assert fleet.tick(33) == ([], [])
    assert states(fleet.health("s", "e", health(report("a")), 40)) == {"a": "online"}


def test_a_last_will_is_not_waited_for() -> None:
    fleet = Fleet()
    fleet.health("s", "e", health(report("a"), report("b")), 0)
    gone = fleet.status("s", "e", status("offline"), 1)
    assert states(gone) == {"a": "offline", "b": "offline"}
    assert {camera.reason for camera in gone} == {"last_will"}
    assert fleet.tick(1000) == ([], [])
    assert fleet.status("s", "e", status("online"), 1001) == []
    assert states(fleet.health("s", "e", health(report("a")), 1002)) == {"a": "online"}


def test_who_came_back_and_fell_silent_before_its_first_report_is_told_of_though_its_cameras_were_offline() -> None:
    fleet = Fleet()
    fleet.health("s", "e", health(report("a")), 0)
    fleet.status("s", "e", status("offline"), 1)
    fleet.status("s", "e", status("online"), 2)
    assert fleet.tick(1000) == ([("s", "e")], [])


def test_since_when_an_agent_has_been_heard_without_a_break() -> None:
    fleet = Fleet()
    fleet.event(make_event(0, "a", site="s", agent="e"), 0)
    assert (fleet.heard("s", "a"), fleet.heard("s", "nobody")) == (0, 0)  # who never reported promised nothing
    fleet.health("s", "e", health(report("a")), 5)
    fleet.health("s", "e", health(report("a")), 15)
    assert fleet.heard("s", "a") == 0
    fleet.status("s", "e", status("offline"), 20)
    fleet.status("s", "e", status("offline"), 25)
    assert (fleet.heard("s", "a"), fleet.agents["s", "e"].since) == (inf, 20)
    fleet.status("s", "e", status("online"), 30)
    fleet.health("s", "e", health(report("a")), 40)
    assert fleet.heard("s", "a") == 30
    fleet.tick(100)
    assert (fleet.heard("s", "a"), fleet.agents["s", "e"].since) == (inf, 100)
    fleet.health("s", "e", health(report("a")), 200)
    assert fleet.heard("s", "a") == 200


def test_an_agent_of_which_only_its_last_will_is_known_is_away() -> None:
    fleet = Fleet()
    fleet.event(make_event(0, "a", site="s", agent="e"), 0)
    fleet.status("s", "e", status("offline"), 7)
    assert (fleet.heard("s", "a"), fleet.agents["s", "e"].since) == (inf, 7)


def test_cameras_of_two_sites_with_one_name_are_two() -> None:
    fleet = Fleet()
    fleet.health("s1", "e", health(report("a")), 0)
    fleet.health("s2", "e", health(report("a", "failed")), 0)
    assert {key: camera.state for key, camera in fleet.cameras.items()} == {
        ("s1", "a"): "online",
        ("s2", "a"): "failed",
    }


def test_an_event_makes_an_unheard_of_camera_known() -> None:
    fleet = Fleet()
    (shown,) = fleet.event(make_event(0, "gate", location=place(0, 0)), 5)
    assert (shown.state, shown.agent, shown.last_seen) == ("unknown", "edge-1", 5)
    assert fleet.event(make_event(1, "gate"), 6) == []
    assert fleet.locate("site-1", "gate") == place(0, 0)
    assert fleet.locate("site-1", "other") is None


def test_health_without_a_place_keeps_the_known_one() -> None:
    fleet = Fleet()
    here = Location(lat=1, lon=2)
    fleet.restore(Camera(site="s", id="a", name="Gate", location=here))
    (shown,) = fleet.health("s", "e", health(report("a")), 0)
    assert (shown.name, shown.location) == ("Gate", here)


@pytest.mark.parametrize(
    ("numbers", "gaps", "restarts"),
    [
        ([5, 6, 7], 0, 0),
        ([5, 8], 2, 0),
        ([5, 8, 6, 7], 0, 0),
        ([5, 8, 7, 9], 1, 0),
        ([5, 6, 1, 2], 0, 1),
        ([1, 10_002], 10_000, 0),
    ],
)
def test_gaps_in_an_agents_numbers(numbers: list[int], gaps: int, restarts: int) -> None:
    state: Sequence | None = None
    for number in numbers:
        state = observe(state, number)
    assert state is not None
    assert (state.gaps, state.restarts) == (gaps, restarts)


def test_why_a_camera_does_not_watch_is_a_sentence_where_it_can_be() -> None:
    """Sent as one; as words that agents of before sent; in words of others; by a key that comes after us."""
    fleet = Fleet()
    silent = sentence("camera.no_picture", silent_s=42.0)
    reports = (
        report("sent", "stalled", reason="no picture for 42.0 s", why=silent),
        report("old", "stalled", reason="no picture for 42.0 s"),
        report("words", "failed", reason="End of file"),
        report("new", "failed", reason="it rains", why=sentence("camera.it_rains")),
        report("gap", "stalled", reason="no picture", why=sentence("camera.no_picture")),
    )
    said = {one.id: (one.reason, one.why) for one in fleet.health("s", "e", health(*reports), 0)}
    assert said == {
        "sent": ("no picture for 42.0 s", silent),
        "old": ("no picture for 42.0 s", silent),
        "words": ("End of file", None),
        "new": ("it rains", None),
        "gap": ("no picture", None),
    }
    gone = fleet.status("s", "e", status("offline"), 1)
    assert [one.why for one in gone] == [sentence("camera.last_will")] * len(reports)
    fleet.health("s", "e", health(report("sent")), 2)
    assert fleet.cameras["s", "sent"].why is None
    fleet.restore(Camera(site="s", id="before", state="offline", reason="silent"))
    assert fleet.cameras["s", "before"].why == sentence("camera.silent")


def test_what_is_offline_already_is_not_shown_again() -> None:
    fleet = Fleet()
    fleet.health("s", "e", health(report("a")), 1)
    assert states(fleet.status("s", "e", status("offline"), 2)) == {"a": "offline"}
    assert fleet.status("s", "e", status("offline"), 3) == []


def test_a_camera_that_moved_to_another_agent_no_longer_hangs_on_the_first() -> None:
    fleet = Fleet()
    fleet.health("s", "old", health(report("a")), 0)
    fleet.health("s", "new", health(report("a")), 5)
    assert fleet.status("s", "old", status("offline"), 6) == []
    assert fleet.cameras["s", "a"].state == "online"
    assert states(fleet.status("s", "new", status("offline"), 7)) == {"a": "offline"}


def test_more_holes_than_are_remembered_are_still_counted() -> None:
    numbers = Sequence(1)
    for number in range(3, 2 * MAX_HOLES + 7, 2):
        numbers = observe(numbers, number)
    assert (len(numbers.holes), numbers.gaps) == (MAX_HOLES, MAX_HOLES + 2)
    numbers = observe(numbers, numbers.last - 1)
    assert (numbers.gaps, numbers.restarts) == (MAX_HOLES + 1, 0)
    assert give_up(numbers, ()) == numbers


def test_where_a_camera_looks_is_what_the_config_says_now_whatever_was_remembered() -> None:
    looks = View(90, 70, 50)
    fleet = Fleet({("s", "a"): looks, ("s", "b"): looks})
    fleet.restore(Camera(site="s", id="a", view=View(0, 20, 5)))
    fleet.restore(Camera(site="s", id="c", view=looks))
    (b,) = fleet.health("s", "e", health(report("b")), 1)
    assert (fleet.cameras["s", "a"].view, b.view, fleet.cameras["s", "c"].view) == (looks, looks, None)


@pytest.mark.parametrize("off_s", [-86_400.0, -CLOCK_WRONG_S - 1, CLOCK_WRONG_S + 1, 86_400.0])
def test_a_wrong_clock_of_a_host_is_told_at_each_of_its_cameras_that_seem_to_watch(off_s: float) -> None:
    fleet = Fleet()
    said = health(report("a"), report("b", "idle", reason="nothing moves"), report("c", "failed", reason="x"))
    (a, b, c) = fleet.health("s", "e", said, -off_s)
    wrong = sentence("camera.clock", off_s=60.0 * round(abs(off_s) / 60))
    assert (a.why, b.why, c.why, c.reason) == (wrong, wrong, None, "x")
    assert "clock is wrong" in a.reason
    assert fleet.health("s", "e", said, -off_s - copysign(1, off_s)) == [], "a second more is no news"
    a, b, *_ = fleet.health("s", "e", said, 20.0)
    assert (a.why, a.reason, b.reason) == (None, "", "nothing moves")


@pytest.mark.parametrize("off_s", [-CLOCK_WRONG_S, 0.0, CLOCK_WRONG_S])
def test_a_clock_that_is_a_little_off_is_no_matter(off_s: float) -> None:
    (camera,) = Fleet().health("s", "e", health(report("a")), -off_s)
    assert (camera.why, camera.reason) == (None, "")
