"""The naive reference that judges the rules, judged itself by examples worked out by hand."""

from tests.reference import naive_rules as naive

SQUARE = [(10, 10), (20, 10), (20, 20), (10, 20)]


def stands(x: int, y: int, height: int = 20) -> naive.Box:
    """A box with its foot at (x, y)."""
    return x - 5, y - height, 10, height


def test_containment() -> None:
    inside = [point for point in ((15, 15), (10, 15), (20, 20), (9, 15), (21, 20), (15, 21))
              if naive.contains(SQUARE, (2 * point[0], 2 * point[1]))]  # fmt: skip
    assert inside == [(15, 15), (10, 15), (20, 20)]
    assert naive.contains(SQUARE[::-1], (30, 30))


def test_visits_and_dwellers() -> None:
    inside: list[set[int]] = [{1}, {1, 2}, {2}, set(), {1}, {1}, {1}]
    assert naive.visits(inside, 3) == [naive.Visit(1, 0, 6), naive.Visit(2, 1, 2)]
    split = [naive.Visit(1, 0, 1), naive.Visit(1, 4, 6), naive.Visit(2, 1, 2)]
    assert naive.visits(inside, 2) == split
    assert naive.dwellers(inside, split, 2) == [set(), set(), set(), set(), set(), set(), {1}]


def test_crowds_have_hysteresis() -> None:
    assert naive.crowded([2, 3, 2, 2, 1, 2, 3], 3, 2) == [False, True, True, True, False, False, True]


def test_crossings() -> None:
    xs = [120, 105, 101, 99, 101, 97, 80, 70, 95, 104, 130]
    recording: naive.Recording = [{1: stands(x, 50)} for x in xs]
    found = naive.crossings(recording, (100, 0), (100, 100), 10)
    assert [(crossing.direction, crossing.tick) for crossing in found] == [("forward", 4.25), ("backward", 8 + 5 / 9)]
    assert naive.crossings(recording, (100, 60), (100, 100), 10) == []
    assert naive.crossings(recording[:5], (100, 0), (100, 100), 10) == []


def test_episodes() -> None:
    def of(truth: str, **limits: int) -> list[tuple[int, int]]:
        defaults = {"inertia": 2, "min_duration": 3, "end_after": 4, "cooldown": 8}
        return naive.episodes([so == "#" for so in truth], **{**defaults, **limits})

    assert of("..####......") == [(2, 5)]
    assert of("..###.......") == []
    assert of("#.#.#") == [(0, 4)]
    assert of("#..#..#") == []
    assert of("####...#....") == [(0, 7)]
    assert of("####....####....") == [(0, 3), (8, 11)]
    assert of("####....######..", cooldown=10) == [(0, 3), (8, 13)]
    assert of("####.....##.....", cooldown=10) == [(0, 3)]
