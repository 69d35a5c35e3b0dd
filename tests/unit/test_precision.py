"""What verdicts teach, and how far."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from aggregator.core.correlation import Correlator
from aggregator.core.incident import Heard, OpeningPolicy, Source, against, believed, opening
from aggregator.core.precision import USUAL, LearningPolicy, Precisions, Verdict, weighed
from aggregator.core.rates import Rates
from contract.kinds import Kind
from tests.incidents import incident
from tests.timeline import make_event

DAY = 86_400.0
NIGHT = datetime(2026, 5, 17, 19, 0, tzinfo=UTC).timestamp()
"""2:00 in Jakarta."""


def verdict(n: int, true: bool, camera: str = "a", kind: Kind = Kind.INTRUSION, day: float = 0, **more: Any) -> Verdict:
    time = NIGHT + day * DAY + n
    return Verdict(f"{camera}-{n}-{day}", time, time, "s", camera, kind, true, **more)


def learned(*verdicts: Verdict, **policy: float) -> Precisions:
    return Precisions(LearningPolicy(**policy), verdicts)


def test_nobody_has_judged() -> None:
    assert learned().of("s", "a", Kind.INTRUSION, NIGHT) is None
    assert learned().judged(NIGHT) == []


def test_a_word_is_weighed_by_the_corrected_clock() -> None:
    """As verdicts are learned: a clock that is ahead does not move a word into another hour."""
    asked: list[float] = []

    def trust(_site: str, _camera: str, _kind: Kind, time: float, _rule: str) -> None:
        asked.append(time)

    event = make_event(0, "gate")
    fast = replace(event, data=replace(event.data, clock=replace(event.data.clock, offset_ms=300_000.0)))
    Correlator(trust=trust).step([fast], event.time.timestamp())
    assert asked == [event.time.timestamp() - 300]


def test_a_camera_that_is_often_wrong_is_believed_less_than_others() -> None:
    precisions = learned(
        *(verdict(n, False, "bad") for n in range(20)), *(verdict(n, True, f"good-{n}") for n in range(20))
    )
    bad, unknown = (precisions.of("s", camera, Kind.INTRUSION, NIGHT + 60) for camera in ("bad", "new"))
    assert bad is not None
    assert unknown is not None
    assert bad.mean < 0.15 < 0.6 < unknown.mean
    assert bad.beside < 0.1
    assert unknown.beside == 1
    assert weighed(0.8, bad.alone) < 0.4 < weighed(0.8, unknown.alone)


def test_one_bad_camera_is_not_what_is_usual_for_its_kind() -> None:
    few = learned(*(verdict(n, False, "bad") for n in range(10))).of_kind(Kind.INTRUSION, NIGHT)
    many = learned(*(verdict(n, False, "bad") for n in range(1000))).of_kind(Kind.INTRUSION, NIGHT)
    assert USUAL > few > 0.4
    assert few - many < 0.08


def test_hours_differ_and_lend_each_other() -> None:
    night = [verdict(n, False) for n in range(12)]
    noon = [Verdict(f"noon-{n}", v.time, v.heard + DAY / 2, *("s", "a", v.kind), True) for n, v in enumerate(night)]
    precisions = learned(*night, *noon)
    at_night, at_noon, at_dusk = (
        precisions.of("s", "a", Kind.INTRUSION, NIGHT + hours * 3600) for hours in (0.1, 12, 16)
    )
    assert at_night is not None
    assert at_noon is not None
    assert at_dusk is not None
    assert at_night.mean + 0.2 < at_dusk.mean < at_noon.mean - 0.2


def test_verdicts_fade() -> None:
    precisions = learned(*(verdict(n, False) for n in range(10)), half_life_days=10)
    fresh, faded = (precisions.of("s", "a", Kind.INTRUSION, NIGHT + day * DAY) for day in (0.01, 100))
    assert fresh is not None
    assert faded is not None
    assert fresh.verdicts > 9.9
    assert faded.verdicts < 0.02
    assert abs(faded.mean - USUAL) < 0.01


def test_a_verdict_counts_by_how_sure_the_camera_was() -> None:
    """Whatever the confidence of what is shown, as many true as the odds say leave the usual precision."""
    for told, true, false in ((0.6, 60, 40), (0.9, 90, 10)):
        verdicts = [verdict(n, n < true, f"c{n}", told=told) for n in range(true + false)]
        assert learned(*verdicts).of_kind(Kind.INTRUSION, NIGHT) == pytest.approx(USUAL, abs=0.01)


def test_what_several_told_says_little_of_one_alone() -> None:
    alone = learned(*(verdict(n, True, f"c{n}") for n in range(30))).of_kind(Kind.INTRUSION, NIGHT)
    together = learned(*(verdict(n, True, f"c{n}", sources=3) for n in range(30))).of_kind(Kind.INTRUSION, NIGHT)
    assert alone > 0.85
    assert together < 0.72


def test_a_crowd_is_lowered_by_its_own_camera_only() -> None:
    verdicts = [verdict(n, False, f"c{n}", Kind.CROWD) for n in range(50)]
    precisions = learned(*verdicts, *(verdict(n, False, "bad", Kind.CROWD) for n in range(20)))
    usual, bad = (precisions.of("s", camera, Kind.CROWD, NIGHT + 60) for camera in ("new", "bad"))
    assert usual is not None
    assert bad is not None
    assert usual.mean < 0.2
    assert usual.alone == 1
    assert bad.alone < 0.9


def test_drift_is_shown_when_it_is_sure() -> None:
    was_good = [verdict(n, True, "lens", day=n) for n in range(20)]
    now_bad = [verdict(n, False, "lens", day=20 + n / 4) for n in range(12)]
    steady = [verdict(n, n % 2 == 0, "steady", day=n) for n in range(25)]
    precisions = learned(*sorted((*was_good, *now_bad, *steady), key=lambda one: one.time))
    first, second = precisions.judged(NIGHT + 24 * DAY)
    assert (first.camera, second.camera) == ("lens", "steady")
    assert first.drift is not None
    assert first.drift < -0.4
    assert second.drift is None
    assert (first.right, first.wrong) == (20, 12)
    assert first.low < first.mean < first.high


POLICY = OpeningPolicy()


def source(camera: str, told: float, alone: float, beside: float | None = None) -> Source:
    return Source("s", camera, told if beside is None else beside, None, told, Kind.BRAWL, alone, 0.1, 9.0)


def test_who_is_alone_is_weighed_alone_and_two_rules_of_one_camera_are_one_source() -> None:
    assert believed((source("a", 0.8, 0.3),))[0] == 0.3
    assert believed((source("a", 0.8, 0.3), source("b", 0.5, 0.1)))[0] == pytest.approx(0.9)


def test_verdicts_keep_a_single_voice_suspected_and_say_so() -> None:
    one = incident(Kind.ABANDONED_OBJECT, "major", (source("a", 0.6, 0.2),))
    assert opening(one, POLICY) is None
    assert against(one, POLICY) == ("verdicts",)
    unlikely = incident(Kind.ABANDONED_OBJECT, "major", (source("a", 0.4, 0.1),))
    assert opening(unlikely, POLICY) is None
    assert against(unlikely, POLICY) == ("verdicts",)  # who is less sure is not doubted less
    unjudged = incident(Kind.ABANDONED_OBJECT, "major", (source("a", 0.4, 0.4),))
    assert against(unjudged, POLICY) == ()
    assert opening(unjudged, POLICY, Heard(unconfirmed_per_h=3)) is None
    assert against(unjudged, POLICY, Heard(unconfirmed_per_h=3)) == ("unconfirmed:3.0",)


def test_a_camera_that_floods_is_doubted_however_sure_it_is_but_for_what_lasts() -> None:
    flood = Heard(unconfirmed_per_h=5)
    one = incident(Kind.SMOKE_FIRE, "critical", (source("a", 0.95, 0.3),))
    assert opening(one, POLICY, flood) is None
    assert against(one, POLICY, flood) == ("verdicts", "unconfirmed:5.0")
    assert opening(one, POLICY, Heard(5, lasts_s=100)) == "lasting"
    run = incident(Kind.CROWD_RUSH, "major", (source("a", 0.84, 0.84),))
    assert opening(run, POLICY, flood) is None
    assert opening(incident(Kind.CROWD_RUSH, "major", (source("a", 0.9, 0.9),)), POLICY, flood) == "sure"
    assert opening(incident(Kind.SMOKE_FIRE, "critical", (source("a", 0.95, 0.95),)), POLICY, flood) == "severe"


@pytest.mark.parametrize(
    ("told", "left", "opens"), [(0.79, 0.56, "severe"), (0.79, 0.49, None), (0.69, 0.56, None), (0.6, 0.7, "severe")]
)
def test_something_critical_that_would_open_in_a_flood_opens_where_verdicts_leave_that_it_is_likely(
    told: float, left: float, opens: str | None
) -> None:
    one = incident(Kind.BRAWL, "critical", (source("a", told, left),))
    assert opening(one, POLICY, Heard(unconfirmed_per_h=2.4)) == opens


@pytest.mark.parametrize(
    ("severity", "told", "lasts", "reason"),
    [
        ("critical", 0.86, 0, "sure"),
        ("critical", 0.84, 0, None),
        ("critical", 0.6, 95, "lasting"),
        ("major", 0.9, 0, None),
        ("major", 0.6, 95, "lasting"),
        ("major", 0.4, 95, None),
        ("minor", 0.95, 500, "lasting"),
    ],
)
def test_what_opens_whatever_verdicts_say(severity: str, told: float, lasts: float, reason: str | None) -> None:
    one = incident(Kind.CROWD if severity == "minor" else Kind.BRAWL, severity, (source("a", told, 0.05),))
    assert opening(one, POLICY, Heard(lasts_s=lasts)) == reason
    loiterer = incident(Kind.LOITERING, "minor", one.sources)
    assert opening(loiterer, POLICY, Heard(lasts_s=lasts)) is None


@pytest.mark.parametrize(
    ("kind", "severity", "left", "unconfirmed_per_h", "lasts", "reason"),
    [
        (Kind.BRAWL, "critical", 0.46, 0.1, 95, "lasting"),
        (Kind.ABANDONED_OBJECT, "major", 0.46, 0.1, 95, "lasting"),
        (Kind.BRAWL, "critical", 0.46, 0.1, 85, None),
        (Kind.BRAWL, "critical", 0.29, 0.1, 95, None),
        (Kind.BRAWL, "critical", 0.46, 1.0, 95, None),  # its camera tells much
        (Kind.CROWD, "minor", 0.46, 0.1, 95, None),
    ],
)
def test_what_is_grave_and_lasts_opens_although_its_camera_is_not_sure(
    kind: Kind, severity: str, left: float, unconfirmed_per_h: float, lasts: float, reason: str | None
) -> None:
    one = incident(kind, severity, (source("a", 0.46, left),))
    assert opening(one, POLICY, Heard(unconfirmed_per_h, lasts, kind)) == reason
    assert opening(one, POLICY, Heard(unconfirmed_per_h, lasts, Kind.CONGESTION)) is None  # lasts, and is no such thing


def test_a_second_source_or_a_report_opens_all_the_same() -> None:
    two = incident(Kind.BRAWL, "critical", (source("a", 0.6, 0.05), source("b", 0.6, 0.05)))
    assert opening(two, POLICY) == "second_source"
    reported = incident(Kind.BRAWL, "critical", (source("a", 0.6, 0.05),), reports=1)
    assert opening(reported, POLICY) == "reported"


@pytest.mark.parametrize(
    ("told", "left", "people", "lasts", "reason"),
    [
        (0.6, 0.6, 15, 0, "crowded"),
        (0.6, 0.6, 14, 0, None),
        (0.4, 0.4, 200, 0, None),
        (0.9, 0.3, 200, 0, None),  # verdicts speak against this camera
        (0.6, 0.6, 4, 95, "lasting"),
        (0.6, 0.3, 4, 95, None),
    ],
)
def test_a_crowd_of_many_opens_sooner_than_one_of_a_few(
    told: float, left: float, people: int, lasts: float, reason: str | None
) -> None:
    one = incident(Kind.CROWD, "minor", (source("a", told, left),), people=people)
    assert opening(one, POLICY, Heard(lasts_s=lasts)) == reason
    assert opening(one, POLICY, Heard(unconfirmed_per_h=9)) is None


@pytest.mark.parametrize(
    ("told", "lasts", "reason"),
    [
        (0.96, 95, "lasting"),
        (0.96, 80, None),
        (0.9, 95, None),
        (0.72, 310, "lasting"),
        (0.72, 290, None),
        (0.6, 610, None),
    ],
)
def test_what_is_context_alone_is_shown_the_sooner_the_surer(told: float, lasts: float, reason: str | None) -> None:
    one = incident(Kind.CONGESTION, "info", (source("a", told, told),))
    assert opening(replace(one, last_event=one.started + lasts), POLICY, Heard(lasts_s=lasts)) == reason


def test_what_others_see_too_is_no_flood_but_is_background() -> None:
    rates = Rates()
    for n in range(6):
        rates.note("s", "a", Kind.CROWD, NIGHT + n * 60, confirmed=True)
    assert rates.per_s("s", "a", Kind.CROWD, NIGHT + 360) * 3600 > 10
    assert rates.unconfirmed_per_s("s", "a", Kind.CROWD, NIGHT + 360) * 3600 < 0.2
    for n in range(6):
        rates.note("s", "b", Kind.CROWD, NIGHT + n * 60, confirmed=False)
    assert rates.unconfirmed_per_s("s", "b", Kind.CROWD, NIGHT + 360) * 3600 > 10


def test_two_rules_of_a_camera_are_judged_apart() -> None:
    wrong = [verdict(n, False, rule="yard") for n in range(12)]
    right = [verdict(n, True, rule="door") for n in range(12, 24)]
    precisions = learned(*wrong, *right)
    at = NIGHT + 60
    yard, door, new = (precisions.of("s", "a", Kind.INTRUSION, at, rule) for rule in ("yard", "door", "gate"))
    elsewhere = precisions.of("s", "b", Kind.INTRUSION, at, "gate")
    assert yard is not None
    assert door is not None
    assert new is not None
    assert elsewhere is not None
    assert yard.mean < 0.3 < 0.7 < door.mean
    assert yard.mean < new.mean < door.mean, "a rule that nobody judged is taken for what the camera's others are"
    shown = {one.rule: (one.right, one.wrong) for one in precisions.judged(at)}
    assert shown == {"yard": (0, 12), "door": (12, 0)}


def test_a_new_rule_of_a_bad_camera_is_believed_less_than_a_new_camera() -> None:
    bad = [verdict(n, False, "bad", rule="yard") for n in range(12)]
    good = [verdict(n, True, f"good-{n}", rule="yard") for n in range(12)]
    precisions = learned(*bad, *good)
    here, there = (precisions.of("s", camera, Kind.INTRUSION, NIGHT + 60, "new") for camera in ("bad", "other"))
    assert here is not None
    assert there is not None
    assert here.mean < there.mean - 0.2


@pytest.mark.parametrize("rule", ["", "yard"])
def test_an_only_rules_verdicts_count_once(rule: str) -> None:
    """As the mean of a Beta distribution whose prior is the kind's: worked out by hand, where nothing has faded."""
    precisions = Precisions(LearningPolicy(hour_weight=1e9), [verdict(n, False, told=USUAL, rule=rule) for n in (0, 0)])
    found = precisions.of("s", "a", Kind.INTRUSION, NIGHT, rule)
    assert found is not None
    assert found.mean == pytest.approx(4 * precisions.of_kind(Kind.INTRUSION, NIGHT) / (4 + 2), abs=1e-6)
