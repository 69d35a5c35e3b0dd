"""The cities that the simulator does not make are made, each small; how well they come out, the benchmark says."""

from dataclasses import replace

import pytest

from benchmarks.other_cities import OTHERS, made


@pytest.mark.parametrize("name", OTHERS)
def test_each_city_can_be_made_and_what_is_told_in_it_is_true_of_its_own_events(name: str) -> None:
    one = made(5001, replace(OTHERS[name], cameras=30, hours=0.5))
    assert len(one.cameras) == 30
    told = {event.id for event in one.events}
    assert told == {event.id for _, event in one.arrivals}
    assert all(fact.events <= told for fact in one.truth)
    assert any(camera.location is None for camera in one.cameras) == (name == "places missing")
