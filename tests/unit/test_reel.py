"""What of a camera's last seconds is kept, and when the clip of an event is complete."""

from edge_agent.core.reel import Cut, Reel, Shot


def reel(before_s: float = 4.0, after_s: float = 2.0, most: int = 1000) -> Reel:
    made = Reel(most)
    made.keep(before_s, after_s)
    return made


def run(made: Reel, begin: int, end: int, size: int = 1) -> None:
    for t in range(begin, end):
        made.add(float(t), bytes(size))


def test_a_clip_reaches_from_before_the_begin_to_after_it() -> None:
    made = reel()
    run(made, 0, 11)
    made.mark("e1", 10.0, 10.0)
    assert made.awaits("e1")
    assert made.due(11.0) == []
    run(made, 11, 13)
    ((cut, shots),) = made.due(12.0)
    assert cut == Cut("e1", 6.0, 12.0)
    assert [shot.t for shot in shots] == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    assert not made.awaits("e1")
    assert made.due(99.0) == []


def test_a_clip_begins_before_its_event_did_and_shows_it_being_told() -> None:
    """What began at 7 and was told at 10 begins where it began, not where it was told."""
    made = reel()
    run(made, 0, 11)
    made.mark("e1", 7.0, 10.0)
    run(made, 11, 13)
    ((cut, shots),) = made.due(12.0)
    assert (cut.begin, cut.end) == (3.0, 12.0)
    assert [shot.t for shot in shots][:2] == [4.0, 5.0], "from where there are pictures"


def test_what_began_long_ago_begins_where_the_pictures_do_and_ends_soon_after_it_was_told() -> None:
    made = reel(before_s=8.0, after_s=12.0)
    run(made, 0, 101)
    made.mark("long", 40.0, 100.0)
    made.mark("short", 97.0, 100.0)
    run(made, 101, 120)
    cuts = {cut.event: [shot.t for shot in shots] for cut, shots in made.due(112.0)}
    assert (cuts["long"][0], cuts["long"][-1]) == (80.0, 104.0)
    assert (cuts["short"][0], cuts["short"][-1]) == (89.0, 109.0)


def test_a_gap_in_the_stream_costs_a_clip_none_of_its_beginning() -> None:
    made = reel()
    run(made, 0, 11)
    made.mark("e1", 10.0, 10.0)
    made.add(15.5, b"x")
    ((_, shots),) = made.due(15.5)
    assert [shot.t for shot in shots] == [6.0, 7.0, 8.0, 9.0, 10.0]
    made.add(16.0, b"x")
    made.mark("e2", 16.0, 16.0)
    ((_, shots),) = made.due(16.0, over=True)
    assert [shot.t for shot in shots] == [15.5, 16.0]


def test_what_is_older_than_a_clip_needs_is_forgotten() -> None:
    made = reel()
    run(made, 0, 100)
    made.mark("e1", 99.0, 99.0)
    ((_, shots),) = made.due(99.0, over=True)
    assert shots[0].t == 95.0


def test_the_end_of_the_stream_completes_what_runs() -> None:
    made = reel()
    run(made, 0, 3)
    made.mark("e1", 2.0, 2.0)
    made.mark("e2", 2.0, 2.0)
    assert [cut.event for cut, _ in made.due(2.0, over=True)] == ["e1", "e2"]


def test_memory_is_bounded() -> None:
    made = reel(most=10)
    run(made, 0, 5, size=4)
    made.mark("e1", 4.0, 4.0)
    ((_, shots),) = made.due(4.0, over=True)
    assert [shot.t for shot in shots] == [3.0, 4.0]
    made.add(5.0, bytes(50))
    made.mark("e2", 5.0, 5.0)
    assert [shot.t for _, shots in made.due(5.0, over=True) for shot in shots] == [5.0]


def test_nothing_is_kept_where_nothing_is_wanted() -> None:
    made = reel(0.0, 0.0)
    assert [made.on] == [False]
    made.mark("e1", 1.0, 1.0)
    assert not made.awaits("e1")
    made.keep(4.0, 2.0)
    assert made.on
    made.add(1.0, b"x")
    made.mark("e2", 1.0, 1.0)
    made.keep(0.0, 0.0)
    assert made.due(99.0) == []


def test_after_a_clock_was_set_it_begins_anew() -> None:
    made = reel()
    run(made, 3600, 3602)
    assert not made.set_back(3600.5)
    assert made.set_back(10.0)
    made.forget()
    run(made, 10, 12)
    made.mark("e1", 11.0, 11.0)
    ((_, shots),) = made.due(13.0)
    assert [shot.t for shot in shots] == [10.0, 11.0]


def test_a_clock_that_is_set_back_disorders_nothing() -> None:
    made = reel()
    run(made, 10, 12)
    made.add(3.0, b"x")
    made.mark("e1", 11.0, 11.0)
    ((_, shots),) = made.due(11.0, over=True)
    assert shots == (Shot(10.0, b"\0"), Shot(11.0, b"\0"))
