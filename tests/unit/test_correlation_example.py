"""The worked example of the design page is what the command prints, and its second line what the formulas give."""

from math import cos, exp, hypot, radians

import pytest

from benchmarks.cities import case
from benchmarks.correlation_example import CAMERAS, HOURS, PROFILE, SEED, example
from contract.events import Event, Location
from tests.data import ROOT

PAGE = ROOT / "docs" / "design" / "correlation.md"


def test_the_page_shows_what_the_command_prints() -> None:
    shown = PAGE.read_text("utf-8").split("<!-- example -->\n")[1].split("\n<!-- /example -->")[0]
    assert shown.splitlines() == list(example())


def test_the_second_line_by_the_formulas_of_the_page() -> None:
    """Of two fires that two cameras begin to tell of; all rates an hour."""
    events = case(SEED, PROFILE, CAMERAS, HOURS).events
    told, probe = (_begins(events, f"tanah-abang-{number}") for number in (18, 20))
    since, (here, c, t), (there, sure, s) = _time(events[0]), told, probe
    open_m = 0.7 * hypot(here.radius_m, there.radius_m)
    beyond = _apart_m(here, there) - open_m
    nearness = exp(-(beyond**2) / (2 * 60**2))
    fades, sudden = 3600 / 60, nearness * exp(-(s - t) / 8) / 8 * 3600
    background = (0.6 + 1) / (5 + (t - since) / 3600)
    credit = 1 / (1 + background / 0.12 * _doubt(c))
    rate = (nearness * fades + sudden) * credit
    usual = 0.6 / (5 + (s - since) / 3600) * _doubt(sure)
    against = usual + 0.05 + 0.045 * fades * exp(-(beyond**2) / (2 * 150**2)) * credit

    cells = [cell.strip() for cell in list(example())[4].split("|")]
    assert cells[2:4] == ["tanah-abang-20", "smoke_fire 0.75"]
    assert [float(cell) for cell in cells[7:10]] == [
        pytest.approx(rate, rel=1e-3),
        pytest.approx(against, abs=0.005),
        pytest.approx(rate / (rate + against), abs=0.005),
    ]


def _begins(events: tuple[Event, ...], camera: str) -> tuple[Location, float, float]:
    """Where, how sure and when the camera begins to tell of a fire."""
    one = next(one for one in events if (one.data.camera, one.type) == (camera, "jaga.smoke_fire.begin"))
    assert one.data.location is not None
    return one.data.location, one.data.confidence, _time(one)


def _time(event: Event) -> float:
    return event.time.timestamp() - event.data.clock.offset_ms / 1000


def _apart_m(a: Location, b: Location) -> float:
    return hypot(a.lat - b.lat, (a.lon - b.lon) * cos(radians(a.lat))) * 111_195


def _doubt(confidence: float) -> float:
    held = min(0.85, max(0.15, confidence))
    return 1.5 * (1 - held) / held
