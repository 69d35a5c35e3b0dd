"""A lost camera is one episode: told once when it goes, once when it is back."""

from contract.codec import check_event
from contract.events import Clock
from contract.ids import derived_uuid7
from edge_agent.core.events import Agent
from edge_agent.core.lost import LossWatch
from edge_agent.core.spec import CameraSpec

CLOCK = Clock(offset_ms=0.0, synchronised=True)
T = 1_790_000_000.0


def watch() -> LossWatch:
    agent = Agent("site", "agent", "0123456789abcdef")
    return LossWatch(
        CameraSpec(id="gate", source="x"), agent, lambda t, salt: derived_uuid7(int(t * 1000), salt), after_s=10.0
    )


def test_it_is_told_once_until_it_is_back() -> None:
    loss = watch()
    assert loss.back(T, CLOCK) is None
    begin = loss.lost(T, T + 12, CLOCK)
    assert begin is not None
    assert loss.lost(T, T + 13, CLOCK) is None
    end = loss.back(T + 60, CLOCK)
    assert end is not None
    assert loss.back(T + 61, CLOCK) is None
    for event in (begin, end):
        check_event(event)
    assert (begin.type, end.type) == ("jaga.camera_lost.begin", "jaga.camera_lost.end")
    assert begin.data.episode == end.data.episode
    assert (begin.data.started.timestamp(), begin.time.timestamp()) == (T, T + 12)
    assert end.data.ended is not None
    assert end.data.ended.timestamp() == T + 60
    (silence,) = begin.data.why.measures
    assert (silence.name, silence.value, silence.threshold) == ("silence", 12.0, 10.0)


def test_each_loss_is_an_episode_of_its_own() -> None:
    loss = watch()
    first = loss.lost(T, T + 12, CLOCK)
    loss.back(T + 20, CLOCK)
    second = loss.lost(T + 100, T + 112, CLOCK)
    assert first is not None
    assert second is not None
    assert first.data.episode != second.data.episode
