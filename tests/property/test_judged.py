"""Nothing is lost and nothing critical is kept quiet, whatever comes in whatever order."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.flapping import Closing
from aggregator.core.incident import GRAVE, Incident, Source
from aggregator.core.load import LoadPolicy, arrange, waits
from aggregator.core.precision import LearningPolicy, Precisions, Verdict, weighed
from aggregator.core.silences import Silence
from aggregator.core.states import State
from aggregator.core.suppression import Suppressed, Suppression, SuppressionPolicy
from contract.kinds import KINDS, Kind
from tests.incidents import incident
from tests.timeline import START, make_event

T0 = START.timestamp()
NOW = 10_000.0
STATES: tuple[State, ...] = ("suspected", "open", "acknowledged", "resolved", "false_alarm")


@st.composite
def incidents(draw: st.DrawFn) -> list[Incident]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        state = draw(st.sampled_from(STATES))
        since = NOW - draw(st.integers(1, 1500))
        found.append(
            incident(
                draw(st.sampled_from((Kind.CROWD, Kind.LOITERING, Kind.BRAWL))),
                draw(st.sampled_from(("info", "minor", "major", "critical"))),
                (Source(draw(st.sampled_from(("monas", "senen"))), "a", draw(st.sampled_from((0.4, 0.7, 0.9)))),),
                state=state,
                started=since,
                opened=None if state == "suspected" else since,
                name=str(number),
                delayed=draw(st.booleans()),
                doubts=("verdicts",) if state == "suspected" and draw(st.booleans()) else (),
            )
        )
    return found


@given(incidents(), st.integers(1, 4), st.sampled_from((0.5, 1.0, 3.0)), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_whatever_waits_is_on_exactly_one_line(
    those: list[Incident], operators: int, per_operator: float, random: Random
) -> None:
    policy = LoadPolicy(operators, per_operator)
    desk = arrange(those, NOW, policy)
    shown = [*desk.own, *(one for summary in desk.summaries for one in summary.incidents)]
    assert sorted(shown) == sorted(one.id for one in those if waits(one))
    by_id = {one.id: one for one in those}
    for summary in desk.summaries:
        for one in (by_id[identity] for identity in summary.incidents):
            assert one.kind == summary.kind
            assert not (summary.alarm and one.severity in GRAVE)
            assert summary.alarm == (one.state == "open")
            assert one.state != "open" or desk.load.over
            assert one.severity not in GRAVE or one.doubts
    shuffled = list(those)
    random.shuffle(shuffled)
    assert arrange(shuffled, NOW, policy) == desk


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(tuple(Kind)),
        st.sampled_from(("begin", "update", "end")),
        st.integers(0, 3),
        st.integers(0, 90),
    ),
    max_size=60,
)


@given(STEPS, st.booleans(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_what_is_critical_is_never_kept_quiet_and_what_an_incident_holds_is_heard(
    steps: list[tuple[str, Kind, str, int, int]], silenced: bool, closed: bool
) -> None:
    held: dict[str, str] = {}
    suppression = Suppression(SuppressionPolicy(flapping_begins=3), held.get, lambda _site, _agent: 4)
    if silenced:
        values = {"id": "s", "created": T0, "actor": "a", "reason": "r", "starts": T0 + 500, "expires": T0 + 2000}
        suppression.silences.put(Silence(**values, site="site-1"))  # type: ignore[arg-type]
    if closed:
        suppression.closed([("site-1", "a", kind) for kind in KINDS], Closing("old", T0, False))
    t = 0.0
    for camera, kind, phase, episode, gap in steps:
        t += gap
        event = make_event(t, camera, kind, phase, started=0, episode=str(episode))  # type: ignore[arg-type]
        was_held = event.data.episode in held
        found = suppression.judge(event, T0 + t)
        if event.data.severity == "critical" and phase != "end":
            assert found is None
        if was_held:
            assert found is None or found.hushed
        if found is None or found.hushed:
            held[event.data.episode] = "incident"
        assert found is None or isinstance(found, Suppressed)


@given(STEPS, st.booleans(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_what_goes_on_is_let_through_as_if_it_had_been_judged(
    steps: list[tuple[str, Kind, str, int, int]], silenced: bool, closed: bool
) -> None:
    """A look that spares the judging changes nothing, now or later."""
    held: dict[str, str] = {}
    looked, judged = (
        Suppression(SuppressionPolicy(flapping_begins=3), held.get, lambda _site, _agent: 4) for _ in range(2)
    )
    for one in (looked, judged):
        if silenced:
            values = {"id": "s", "created": T0, "actor": "a", "reason": "r", "starts": T0 + 500, "expires": T0 + 2000}
            one.silences.put(Silence(**values, site="site-1"))  # type: ignore[arg-type]
        if closed:
            one.closed([("site-1", "a", kind) for kind in KINDS], Closing("old", T0, False))
    t = 0.0
    for camera, kind, phase, episode, gap in steps:
        t += gap
        event = make_event(t, camera, kind, phase, started=0, episode=str(episode))  # type: ignore[arg-type]
        expected = judged.judge(event, T0 + t)
        assert (None if looked.goes_on(event) else looked.judge(event, T0 + t)) == expected
        assert looked.outages == judged.outages
        if (expected is None or expected.hushed) and gap % 2:  # else it waits to be assigned
            held[event.data.episode] = "incident"


VERDICTS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from((Kind.BRAWL, Kind.CROWD, Kind.INTRUSION)),
        st.booleans(),
        st.floats(0, 1),
        st.integers(0, 5),
        st.integers(0, 86_400),
    ),
    max_size=40,
)


def told(rows: list[tuple[str, Kind, bool, float, int, int]]) -> list[Verdict]:
    time, found = T0, []
    for number, (camera, kind, true, sure, sources, gap) in enumerate(rows):
        time += gap
        found.append(Verdict(str(number), time, time - 60, "s", camera, kind, true, sure, sources))
    return found


@given(VERDICTS, st.floats(0, 1), st.integers(0, 10_000_000))
@settings(max_examples=100, deadline=None)
def test_precision_stays_a_chance_and_its_rebuilding_gives_the_same(
    rows: list[tuple[str, Kind, bool, float, int, int]], confidence: float, later: int
) -> None:
    verdicts = told(rows)
    end = (verdicts[-1].time if verdicts else T0) + later
    one, other = Precisions(LearningPolicy(), verdicts), Precisions()
    for verdict in verdicts:
        other.learn(verdict)
    assert one.judged(end) == other.judged(end)
    for camera in "abcd":
        found = one.of("s", camera, Kind.BRAWL, end)
        assert found == other.of("s", camera, Kind.BRAWL, end)
        if found is not None:
            assert 0 < found.mean < 1
            assert 0 <= weighed(confidence, found.alone) <= 1
            assert (weighed(confidence, found.alone) <= confidence) or found.alone > 1


@given(VERDICTS, st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_a_further_false_alarm_never_raises_a_camera(
    rows: list[tuple[str, Kind, bool, float, int, int]], confidence: float
) -> None:
    verdicts = told(rows)
    end = verdicts[-1].time if verdicts else T0
    more = Verdict("more", end, end - 60, "s", "a", Kind.INTRUSION, False)
    before = Precisions(LearningPolicy(), verdicts).of("s", "a", Kind.INTRUSION, end)
    after = Precisions(LearningPolicy(), [*verdicts, more]).of("s", "a", Kind.INTRUSION, end)
    assert after is not None
    if before is not None:
        assert weighed(confidence, after.alone) <= weighed(confidence, before.alone) + 1e-9
