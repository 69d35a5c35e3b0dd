"""A camera's own fault, and what else is told where it stands: by others, and by itself where it goes on seeing."""

import pytest

from tests.timeline import Timeline


def test_a_cameras_faults_never_join_those_of_another() -> None:
    city = Timeline(gate=(0, 0), next_to_it=(1, 0))
    for t, camera, kind in ((0, "gate", "covered"), (5, "gate", "frozen"), (6, "next_to_it", "covered")):
        city.at(t).sees(camera, f"camera_{kind}")
    city.at(8).sees("next_to_it", "brawl")
    incidents = [one.incident for one in city.outcomes]
    assert incidents[0] == incidents[1]
    assert len(set(incidents)) == 3


def test_who_comes_in_where_a_camera_was_just_blinded_is_part_of_it() -> None:
    city = Timeline(gate=(0, 0), yard=(20, 0), far=(400, 0))
    fault = city.at(0).sees("gate", "camera_covered", confidence=0.9).incident
    assert city.at(40).sees("yard", "intrusion", confidence=0.8).incident == fault
    assert city.at(45).sees("far", "intrusion", confidence=0.8).incident != fault


@pytest.mark.parametrize(
    ("fault", "later", "one"),
    [
        ("camera_moved", 60, True),
        ("camera_defocused", 60, True),
        ("camera_moved", 400, False),
        ("camera_covered", 60, False),
        ("camera_lost", 60, False),
    ],
)
def test_who_turns_a_camera_away_and_comes_in_is_of_one_incident(fault: str, later: int, one: bool) -> None:
    """It goes on seeing, unlike one that is covered; but what it tells much later is of something else."""
    city = Timeline(gate=(0, 0))
    turned = city.at(0).sees("gate", fault, confidence=0.9).incident
    for t in range(10, later, 10):
        city.at(t).sees("gate", fault, "update", started=0, confidence=0.9)
    assert (city.at(later).sees("gate", "intrusion", confidence=0.7).incident == turned) is one
