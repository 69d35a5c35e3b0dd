"""How late events arrive."""

from aggregator.core.lateness import MOST, WINDOW_S, Delay, Lateness


def test_nothing_came() -> None:
    assert Lateness().measure(0.0) == Delay(0, 0, None, None)


def test_the_last_minute_counts_and_what_was_kept_on_the_way_is_counted_apart() -> None:
    late = Lateness()
    late.note(0.0, [900.0])
    for second in range(20):
        late.note(100.0 + second, [float(second)])
    late.note(119.0, [None])
    assert late.measure(119.0) == Delay(20, 1, 9.0, 18.0)
    assert late.measure(100.0 + WINDOW_S + 15) == Delay(4, 1, 17.0, 19.0)
    assert late.measure(1e6) == Delay()


def test_a_clock_ahead_is_no_event_from_the_future() -> None:
    late = Lateness()
    late.note(1.0, [-3.0])
    assert late.measure(1.0) == Delay(1, 0, 0.0, 0.0)


def test_a_flood_is_bounded() -> None:
    late = Lateness()
    for number in range(MOST + 10):
        late.note(1.0, [50.0 if number < 10 else 1.0])
    assert late.measure(1.0) == Delay(MOST, 0, 1.0, 1.0)
