"""What of a camera's last seconds is kept, and when the clip of an event is complete."""

from edge_agent.core.clip_buffer import ClipBuffer, ClipPicture, ClipSpan


def buffer(before_s: float = 4.0, after_s: float = 2.0, most: int = 1000) -> ClipBuffer:
    kept = ClipBuffer(most)
    kept.keep(before_s, after_s)
    return kept


def run(kept: ClipBuffer, begin: int, end: int, size: int = 1) -> None:
    for t in range(begin, end):
        kept.add(float(t), bytes(size))


def test_a_clip_reaches_from_before_the_begin_to_after_it() -> None:
    kept = buffer()
    run(kept, 0, 11)
    kept.mark("e1", 10.0, 10.0)
    assert kept.awaits("e1")
    assert kept.due(11.0) == []
    run(kept, 11, 13)
    ((span, pictures),) = kept.due(12.0)
    assert span == ClipSpan("e1", 6.0, 12.0)
    assert [one.t for one in pictures] == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    assert not kept.awaits("e1")
    assert kept.due(99.0) == []


def test_a_clip_begins_before_its_event_did_and_shows_it_being_told() -> None:
    """What began at 7 and was told at 10 begins where it began, not where it was told."""
    kept = buffer()
    run(kept, 0, 11)
    kept.mark("e1", 7.0, 10.0)
    run(kept, 11, 13)
    ((span, pictures),) = kept.due(12.0)
    assert (span.begin, span.end) == (3.0, 12.0)
    assert [one.t for one in pictures][:2] == [4.0, 5.0], "from where there are pictures"


def test_what_began_long_ago_begins_where_the_pictures_do_and_ends_soon_after_it_was_told() -> None:
    kept = buffer(before_s=8.0, after_s=12.0)
    run(kept, 0, 101)
    kept.mark("long", 40.0, 100.0)
    kept.mark("short", 97.0, 100.0)
    run(kept, 101, 120)
    spans = {span.event: [one.t for one in pictures] for span, pictures in kept.due(112.0)}
    assert (spans["long"][0], spans["long"][-1]) == (80.0, 104.0)
    assert (spans["short"][0], spans["short"][-1]) == (89.0, 109.0)


def test_a_gap_in_the_stream_costs_a_clip_none_of_its_beginning() -> None:
    kept = buffer()
    run(kept, 0, 11)
    kept.mark("e1", 10.0, 10.0)
    kept.add(15.5, b"x")
    ((_, pictures),) = kept.due(15.5)
    assert [one.t for one in pictures] == [6.0, 7.0, 8.0, 9.0, 10.0]
    kept.add(16.0, b"x")
    kept.mark("e2", 16.0, 16.0)
    ((_, pictures),) = kept.due(16.0, over=True)
    assert [one.t for one in pictures] == [15.5, 16.0]


def test_what_is_older_than_a_clip_needs_is_forgotten() -> None:
    kept = buffer()
    run(kept, 0, 100)
    kept.mark("e1", 99.0, 99.0)
    ((_, pictures),) = kept.due(99.0, over=True)
    assert pictures[0].t == 95.0


def test_the_end_of_the_stream_completes_what_runs() -> None:
    kept = buffer()
    run(kept, 0, 3)
    kept.mark("e1", 2.0, 2.0)
    kept.mark("e2", 2.0, 2.0)
    assert [span.event for span, _ in kept.due(2.0, over=True)] == ["e1", "e2"]


def test_memory_is_bounded() -> None:
    kept = buffer(most=10)
    run(kept, 0, 5, size=4)
    kept.mark("e1", 4.0, 4.0)
    ((_, pictures),) = kept.due(4.0, over=True)
    assert [one.t for one in pictures] == [3.0, 4.0]
    kept.add(5.0, bytes(50))
    kept.mark("e2", 5.0, 5.0)
    assert [one.t for _, pictures in kept.due(5.0, over=True) for one in pictures] == [5.0]


def test_nothing_is_kept_where_nothing_is_wanted() -> None:
    kept = buffer(0.0, 0.0)
    assert [kept.on] == [False]
    kept.mark("e1", 1.0, 1.0)
    assert not kept.awaits("e1")
    kept.keep(4.0, 2.0)
    assert kept.on
    kept.add(1.0, b"x")
    kept.mark("e2", 1.0, 1.0)
    kept.keep(0.0, 0.0)
    assert kept.due(99.0) == []


def test_after_a_clock_was_set_it_begins_anew() -> None:
    kept = buffer()
    run(kept, 3600, 3602)
    assert not kept.set_back(3600.5)
    assert kept.set_back(10.0)
    kept.forget()
    run(kept, 10, 12)
    kept.mark("e1", 11.0, 11.0)
    ((_, pictures),) = kept.due(13.0)
    assert [one.t for one in pictures] == [10.0, 11.0]


def test_a_clock_that_is_set_back_disorders_nothing() -> None:
    kept = buffer()
    run(kept, 10, 12)
    kept.add(3.0, b"x")
    kept.mark("e1", 11.0, 11.0)
    ((_, pictures),) = kept.due(11.0, over=True)
    assert pictures == (ClipPicture(10.0, b"\0"), ClipPicture(11.0, b"\0"))
