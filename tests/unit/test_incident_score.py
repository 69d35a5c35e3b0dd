"""The incident scorer against cases worked out by hand."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigError, JagaError
from simulator import cli
from simulator.score import Timed, adjusted_rand, count_pairs, quantile, score

T0 = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def timed(identity: str, events: str, seconds: float = 0.0) -> Timed:
    return Timed(identity, frozenset(events), T0 + timedelta(seconds=seconds))


def test_a_perfect_result() -> None:
    truth = [timed("A", "abc"), timed("B", "de")]
    result = score([timed("x", "abc", 4), timed("y", "de", 8)], truth)
    assert (result.pairs.precision, result.pairs.recall, result.pairs.f1, result.ari) == (1, 1, 1, 1)
    assert (result.found, result.fragments, result.noise_absorbed) == (1, 1, 0)
    assert result.reduction == 2.5
    assert result.delay_median_s == 6.0


def test_one_incident_cut_in_two() -> None:
    """Truth {abcd}: 6 pairs. Said {ab} {cd}: 2 pairs, both right."""
    result = score([timed("x", "ab"), timed("y", "cd")], [timed("A", "abcd")])
    assert (result.pairs.right, result.pairs.said, result.pairs.true) == (2, 2, 6)
    assert result.pairs.f1 == pytest.approx(0.5)
    assert result.fragments == 2
    assert result.found == 1


def test_two_incidents_taken_for_one() -> None:
    """Truth {ab} {cd}: 2 pairs. Said {abcd}: 6 pairs, 2 right."""
    result = score([timed("x", "abcd")], [timed("A", "ab"), timed("B", "cd")])
    assert result.pairs.precision == pytest.approx(1 / 3)
    assert result.pairs.recall == 1
    assert result.ari == pytest.approx(0.0)


def test_noise_in_an_incident_costs_precision_but_noise_among_itself_does_not() -> None:
    """Truth {ab}. Said {ab n} {m o}: pairs ab right, an and bn wrong, mo left out."""
    result = score([timed("x", "abn"), timed("y", "mo")], [timed("A", "ab")])
    assert (result.pairs.right, result.pairs.said) == (1, 3)
    assert result.noise_absorbed == pytest.approx(1 / 3)


def test_adjusted_rand_by_hand() -> None:
    """Truth {abc} {def}, said {ab} {cd} {ef}: joint 1+0+1=2, rows 3, columns 6, total 15, expected 1.2, best 4.5."""
    truth = dict.fromkeys("abc", "A") | dict.fromkeys("def", "B")
    said = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z", "f": "z"}
    assert adjusted_rand(said, truth) == pytest.approx((2 - 1.2) / (4.5 - 1.2))


def test_an_incident_nobody_found() -> None:
    result = score([], [timed("A", "ab")])
    assert (result.pairs.recall, result.found, result.delay_median_s, result.reduction) == (0, 0, None, 0)
    assert result.ari == pytest.approx(0.0)


def test_the_delay_is_that_of_the_incident_with_most_of_the_events() -> None:
    result = score([timed("x", "a", 100), timed("y", "bcd", 7)], [timed("A", "abcd")])
    assert result.delay_median_s == result.delay_p95_s == 7.0


def test_an_event_in_two_incidents_is_refused() -> None:
    with pytest.raises(ValueError, match="event a"):
        score([timed("x", "ab"), timed("y", "ac")], [timed("A", "ab")])


def test_quantile_interpolates() -> None:
    assert quantile([0.0, 10.0], 0.95) == pytest.approx(9.5)
    assert quantile([3.0], 0.95) == 3.0
    assert quantile([9.0, 1.0, 5.0], 0.5) == 5.0


@given(st.dictionaries(st.integers(0, 30), st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 5)))))
def test_pairs_equal_a_naive_count(events: dict[int, tuple[int, int | None]]) -> None:
    """Said by the first label; the second is the truth, None is noise."""
    said = {str(event): f"s{guess}" for event, (guess, _) in events.items()}
    true = {str(event): f"t{fact}" for event, (_, fact) in events.items() if fact is not None}
    names = sorted(said)
    right = wrong = missed = 0
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            together = said[one] == said[other]
            fact = one in true and other in true and true[one] == true[other]
            right += together and fact
            wrong += together and not fact and (one in true or other in true)
            missed += fact and not together
    pairs = count_pairs(said, true)
    assert (pairs.right, pairs.said - pairs.right, pairs.true - pairs.right) == (right, wrong, missed)


def write(path: Path, lines: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_command_prints_one_json_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = write(
        tmp_path / "i.jsonl", [{"id": "x", "events": ["a", "b"], "started": "2026-01-05T12:00:05Z", "kind": 1}]
    )
    truth = write(tmp_path / "t.jsonl", [{"incident": "A", "events": ["a", "b"], "started": "2026-01-05T12:00:00Z"}])
    cli.incidents(found, truth)
    line = json.loads(capsys.readouterr().out)
    assert (line["f1"], line["ari"], line["delay_median_s"], line["reduction"]) == (1.0, 1.0, 5.0, 2.0)


def test_the_command_names_the_line_it_cannot_read(tmp_path: Path) -> None:
    truth = write(tmp_path / "t.jsonl", [{"incident": "A", "events": ["a"], "started": "2026-01-05T12:00:00Z"}])
    bad = write(tmp_path / "i.jsonl", [{"id": "x", "events": ["a"], "started": "2026-01-05T12:00:00Z"}, {"id": "y"}])
    with pytest.raises(ConfigError, match="line 2"):
        cli.incidents(bad, truth)
    with pytest.raises(ConfigError, match="missing"):
        cli.incidents(tmp_path / "missing.jsonl", truth)
    twice = [{"id": name, "events": ["a"], "started": "2026-01-05T12:00:00Z"} for name in "xy"]
    with pytest.raises(JagaError, match="event a"):
        cli.incidents(write(tmp_path / "twice.jsonl", twice), truth)
