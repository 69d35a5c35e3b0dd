"""What a decoder takes is told apart by what it decodes, and survives its process."""

import pytest

from edge_agent.core.decode_cost import UNKNOWN, DecodeMeter


def test_nothing_is_known_of_a_decoder_that_has_said_nothing_or_once() -> None:
    meter = DecodeMeter()
    assert meter.cost == UNKNOWN
    meter.see(10.0, 0.5, "all", True)
    assert meter.cost == UNKNOWN


def test_a_second_where_all_is_decoded_and_a_picture_where_only_keyframes_are() -> None:
    meter = DecodeMeter()
    cpu = 0.0
    for n in range(50):
        cpu += 0.012
        meter.see(n / 5, cpu, "no_nonref", True)
    for n in range(20):
        cpu += 0.001
        meter.see(10 + n, cpu, "keyframes", False)
        cpu += 0.010
        meter.see(10.5 + n, cpu, "keyframes", True)
    assert meter.cost.throughout == pytest.approx(0.06, rel=0.01)
    assert meter.cost.picture == pytest.approx(0.011, rel=0.05)


def test_keyframes_that_need_not_be_decoded_share_the_cost_of_those_that_are() -> None:
    meter = DecodeMeter()
    for n in range(40):
        meter.see(n / 10, 0.012 * (n // 4), "keyframes", n % 4 == 0, n - n // 4)
    assert meter.cost.picture == pytest.approx(0.003, rel=0.1)


def test_the_next_process_counts_from_nothing() -> None:
    meter = DecodeMeter()
    meter.see(0.0, 0.0, "keyframes", True)
    meter.see(1.0, 0.02, "keyframes", True)
    meter.anew()
    meter.see(2.0, 0.5, "keyframes", True)
    meter.see(3.0, 0.52, "keyframes", True)
    assert meter.cost.picture == pytest.approx(0.02)
