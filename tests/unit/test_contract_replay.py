"""What a replay may ask for, and what its answer may say."""

from typing import Any

import pytest

from contract import ranges, replay
from contract.errors import CodecError
from contract.replay import MAX_NUMBERS, MAX_RANGES


def test_ranges_are_read_as_they_come_out_of_json() -> None:
    assert replay.read_args({"ranges": [[1, 3], [7, 7]]}) == ((1, 3), (7, 7))
    assert ranges.count(((1, 3), (7, 7))) == 4
    result = replay.read_result({"queued": 2, "gone": [[7, 7]]})
    assert (result.queued, result.gone) == (2, ((7, 7),))
    assert replay.read_result({"queued": 0, "gone": []}).gone == ()


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"ranges": []},
        {"ranges": "1-3"},
        {"ranges": [[1]]},
        {"ranges": [[1, 2, 3]]},
        {"ranges": [[0, 3]]},
        {"ranges": [[3, 1]]},
        {"ranges": [[True, 2]]},
        {"ranges": [["1", "2"]]},
        {"ranges": [[1.5, 2]]},
        {"ranges": [[1, 5], [5, 6]]},
        {"ranges": [[9, 9], [1, 1]]},
        {"ranges": [[1, MAX_NUMBERS + 1]]},
        {"ranges": [[1, 2**63]]},
        {"ranges": [[2 * n, 2 * n] for n in range(1, MAX_RANGES + 2)]},
        {"ranges": [[1, 1]], "camera": "gate"},
    ],
)
def test_anything_else_is_refused(args: dict[str, Any]) -> None:
    with pytest.raises(CodecError) as refused:
        replay.read_args(args)
    assert refused.value.field == "$.args"


def test_the_most_that_may_be_asked_for() -> None:
    assert replay.read_args({"ranges": [[1, MAX_NUMBERS]]}) == ((1, MAX_NUMBERS),)
    many = [[2 * n, 2 * n] for n in range(1, MAX_RANGES + 1)]
    assert ranges.count(replay.read_args({"ranges": many})) == MAX_RANGES


@pytest.mark.parametrize("result", [{}, {"queued": -1, "gone": []}, {"queued": 1}, {"queued": 1, "gone": [[2, 1]]}])
def test_a_wrong_answer_is_refused(result: dict[str, Any]) -> None:
    with pytest.raises(CodecError) as refused:
        replay.read_result(result)
    assert refused.value.field == "$.result"
