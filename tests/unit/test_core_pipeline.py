"""CameraPipeline: what goes in comes out as contract events."""

from contract.codec import check_event, decode_event, encode
from edge_agent.core.spec import Episodes, IntrusionRule
from tests.scenes import Scene, every, person

INTRUSION = IntrusionRule(id="keep-out", zone="yard", episodes=Episodes(1.0, 3.0, 10.0, 10.0))


def test_an_intrusion_begins_is_updated_and_ends() -> None:
    scene = Scene(INTRUSION)
    scene.play(every(5, 0, 12), lambda t: [person(1, (0.5, 0.5))])
    scene.play(every(5, 12.2, 16), lambda t: [])
    assert scene.told() == [("begin", 0.0), ("update", 11.0), ("end", 12.0)]
    assert len({event.data.episode for event in scene.events}) == 1
    assert len({event.id for event in scene.events}) == 3
    for event in scene.events:
        check_event(decode_event(encode(event)))
