"""Citizens' reports among what cameras saw, told as timelines."""

from tests.timeline import Timeline


def test_a_report_does_not_tie_a_fire_to_a_crowd_near_by() -> None:
    city = Timeline(gate=(0, 0), caller=(50, 0), market=(90, 0))
    fire = city.at(0).sees("gate", "smoke_fire", confidence=0.8).incident
    assert city.at(20).sees("caller", "report", confidence=0.8).incident == fire
    assert city.at(40).sees("market", "crowd", confidence=0.8).incident != fire


def test_a_report_that_is_explained_draws_in_nothing_else() -> None:
    """What cameras saw explains the call; without them, it may be of what the next camera sees."""
    for seen in (True, False):
        city = Timeline(gate=(0, 0), caller=(90, 0), market=(160, 0))
        if seen:
            city.at(0).sees("gate", "crowd", confidence=0.8)
        called = city.at(30).sees("caller", "report", confidence=0.8).incident
        assert len(city.standing()) == 1
        later = city.at(40).sees("market", "crowd", confidence=0.8).incident
        assert (later == called) is not seen


def test_reports_that_are_explained_do_not_speak_against_a_merge_either() -> None:
    """What ties two crowds together does so however many people called about one of them."""
    for calls in (0, 8):
        callers: dict[str, tuple[float, float]] = {f"caller-{n}": (-20, 0) for n in range(calls)}
        city = Timeline(None, gate=(0, 0), middle=(50, 0), market=(100, 0), **callers)
        city.at(0).sees("gate", "crowd", confidence=0.8)
        for n in range(calls):
            city.at(5 + n / 2).sees(f"caller-{n}", "report", confidence=0.8)
        city.at(40).sees("market", "crowd", confidence=0.8)
        assert len(city.standing()) == 2
        city.at(48).sees("middle", "crowd", confidence=0.8)
        assert len(city.standing()) == 1, calls


def test_a_call_minutes_after_a_half_sure_fight_near_by_is_of_it_and_shows_it() -> None:
    city = Timeline(gate=(0, 0), caller=(60, 0))
    fight = city.at(0).sees("gate", "brawl", confidence=0.45).incident
    city.at(20).sees("gate", "brawl", "end", started=0, confidence=0.45)
    assert city.incidents[fight].opened is None
    assert city.at(340).sees("caller", "report", confidence=0.7).incident == fight
    assert city.incidents[fight].opened is not None


def test_nor_does_a_camera_join_so_easily() -> None:
    city = Timeline(gate=(0, 0), market=(75, 0))
    fight = city.at(0).sees("gate", "brawl", confidence=0.45).incident
    city.at(20).sees("gate", "brawl", "end", started=0, confidence=0.45)
    assert city.at(100).sees("market", "brawl", confidence=0.6).incident != fight
