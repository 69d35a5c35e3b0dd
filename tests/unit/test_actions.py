"""What a person may do with an incident, what refuses it, and what can be taken back."""

from typing import Any

import pytest
from msgspec.structs import replace

from aggregator.core.actions import MOST_STEPS, Deed, DeedRefused, perform
from aggregator.core.care import UNDO_S, Act, Action, Care, joined
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import Incident, Source, TransitionRefused
from aggregator.core.ordering import Ordering
from aggregator.core.pace import Pace
from aggregator.core.witness import times_of
from contract.kinds import Kind
from tests.incidents import incident
from tests.timeline import START, Timeline, make_event, place


def brawl(**more: Any) -> Incident:
    source = Source("site-1", "gate", 0.8)
    return incident(Kind.BRAWL, "critical", (source,), **{"state": "open", "opened": 1000.0, **more})


def does(
    one: Incident, action: Action, who: str = "budi", value: str = "", at: float = 1010.0, **more: Any
) -> Incident:
    return perform(one, Deed(action=action, actor=who, value=value, **more), at)[0]


def refused(one: Incident, action: Action, who: str = "budi", value: str = "", **more: Any) -> DeedRefused:
    with pytest.raises(DeedRefused) as caught:
        does(one, action, who, value, **more)
    return caught.value


class TestWhoHasItInHand:
    def test_taking_it_acknowledges_it(self) -> None:
        one, change = perform(brawl(), Deed(action="take", actor="budi"), 1010.0)
        assert (one.state, one.care.owner, one.care.count) == ("acknowledged", "budi", 1)
        assert (change.before, change.after, change.action, change.actor) == ("open", "acknowledged", "take", "budi")
        assert refused(one, "take").key == "actions.yours"

    def test_what_is_assigned_still_waits_to_be_seen(self) -> None:
        one = does(brawl(), "assign", "sari", "budi")
        assert (one.state, one.care.owner, one.care.handed_by) == ("open", "budi", "sari")
        assert refused(one, "assign", "sari", "budi").key == "actions.owns"
        taken = does(one, "take", "budi")
        assert (taken.state, taken.care.handed_by) == ("acknowledged", None)

    def test_whoever_works_on_what_was_given_to_him_has_taken_it_over(self) -> None:
        one = does(brawl(), "assign", "sari", "budi")
        assert does(one, "note", "sari", reason="look at the bridge").care.handed_by == "sari"
        assert does(one, "note", "budi", reason="on it").care.handed_by is None

    def test_releasing_what_nobody_has_is_refused(self) -> None:
        assert refused(brawl(), "release").key == "actions.nobodys"
        assert does(does(brawl(), "take"), "release", "sari").care.owner is None


class TestSayingOtherwiseThanTheCameras:
    def test_a_persons_word_stands_over_later_events_until_it_is_given_back(self) -> None:
        city = Timeline(gate=(0, 0), market=(30, 0))
        held = city.at(0).sees("gate", "crowd", confidence=0.8).incident
        for action, value in (("severity", "info"), ("kind", "loitering")):
            city.correlator.act(held, Deed(action=action, actor="budi", value=value), city.now)  # type: ignore[arg-type]
        city.at(10).sees("market", "brawl", confidence=0.9)
        one = city.only()
        assert (one.severity, one.kind, one.told_severity, one.told_kind) == ("info", "loitering", "critical", "brawl")
        assert "operator:critical" in one.raised
        for action in ("severity", "kind"):
            city.correlator.act(held, Deed(action=action, actor="budi"), city.now)  # type: ignore[arg-type]
        after = city.correlator.get(held)
        assert after is not None
        assert (after.severity, after.kind, after.told_severity, after.told_kind) == ("critical", "brawl", None, None)
        assert after.raised == ()

    def test_what_holds_already_is_refused(self) -> None:
        assert refused(brawl(), "severity").key == "actions.same"
        assert refused(does(brawl(), "kind", value="crowd"), "kind", value="crowd").key == "actions.same"


class TestTwoAtOnce:
    @pytest.mark.parametrize(
        ("first", "second", "conflict"),
        [
            (("state", "acknowledged"), ("state", "acknowledged"), True),
            (("state", "acknowledged"), ("state", "dispatched"), True),
            (("take", ""), ("take", ""), True),
            (("assign", "dewi"), ("state", "acknowledged"), True),
            (("severity", "minor"), ("severity", "major"), True),
            (("kind", "crowd"), ("kind", "intrusion"), True),
            (("severity", "minor"), ("state", "acknowledged"), False),
            (("note", ""), ("state", "resolved"), False),
            (("state", "acknowledged"), ("note", ""), False),
            (("state", "acknowledged"), ("severity", "minor"), False),
            (("kind", "crowd"), ("take", ""), False),
        ],
    )
    def test_only_the_same_matter_is_a_conflict(
        self, first: tuple[Action, str], second: tuple[Action, str], conflict: bool
    ) -> None:
        one = does(brawl(), first[0], "budi", first[1], at=1008.0)
        if not conflict:
            assert does(one, second[0], "sari", second[1], seen=0).care.count == 2
            return
        error = refused(one, second[0], "sari", second[1], seen=0)
        assert error.key == "actions.conflict"
        assert error.act is not None
        assert (error.act.actor, error.act.action, error.act.time) == ("budi", first[0], 1008.0)
        assert error.incident == one

    def test_who_has_seen_it_may_go_on(self) -> None:
        one = does(brawl(), "state", "budi", "acknowledged")
        assert does(one, "state", "sari", "dispatched", seen=1).state == "dispatched"

    def test_ones_own_other_window_is_no_conflict(self) -> None:
        one = does(brawl(), "state", "budi", "acknowledged")
        assert does(one, "state", "budi", "dispatched", seen=0).state == "dispatched"

    def test_an_event_meanwhile_is_no_conflict(self) -> None:
        city = Timeline(gate=(0, 0), market=(30, 0))
        held = city.at(0).sees("gate", "brawl", confidence=0.8).incident
        seen = city.only()
        city.at(5).sees("market", "brawl", confidence=0.9)
        assert city.only().revision > seen.revision
        deed = Deed(action="state", actor="budi", value="acknowledged", seen=seen.care.count)
        assert city.correlator.act(held, deed, city.now)[0].state == "acknowledged"

    def test_closing_judges_the_events_that_one_has_seen(self) -> None:
        city = two_brawls()
        old = city.standing()[0]
        seen = old.care.count
        other = city.standing()[1]
        deed = Deed(action="merge", actor="budi", value=other.id)
        city.correlator.merge(old.id, other.id, deed, city.now)
        one = city.correlator.get(old.id)
        assert one is not None
        assert refused(one, "state", "sari", "false_alarm", seen=seen).key == "actions.conflict"
        assert does(one, "state", "sari", "acknowledged", seen=seen).state == "acknowledged"

    def test_without_saying_what_was_seen_only_the_impossible_is_refused(self) -> None:
        one = does(brawl(), "state", "budi", "acknowledged")
        assert does(one, "state", "sari", "dispatched").state == "dispatched"
        with pytest.raises(TransitionRefused) as caught:
            does(one, "state", "sari", "acknowledged")
        assert caught.value.incident == one


class TestWhatCannotBe:
    def test_closed_incidents_take_notes_and_nothing_else(self) -> None:
        closed = does(brawl(), "state", value="resolved")
        for action, value in (("take", ""), ("assign", "sari"), ("severity", "minor"), ("kind", "crowd")):
            assert refused(closed, action, value=value).key == "actions.closed"  # type: ignore[arg-type]
        assert does(closed, "note", reason="the report is on its way").state == "resolved"

    def test_what_was_absorbed_says_where_to_act(self) -> None:
        error = refused(replace(brawl(), merged_into="other"), "note")
        assert (error.key, error.values) == ("actions.merged", {"into": "other"})

    def test_steps_are_bounded_but_closing_is_not(self) -> None:
        worn = replace(brawl(), care=Care(count=MOST_STEPS))
        assert refused(worn, "note", reason="x").key == "actions.too_many"
        assert does(worn, "state", value="resolved").closed


class TestUndo:
    @pytest.mark.parametrize(
        ("action", "value"),
        [
            ("state", "acknowledged"),
            ("state", "dispatched"),
            ("state", "resolved"),
            ("state", "false_alarm"),
            ("take", ""),
            ("assign", "sari"),
            ("handover", "sari"),
            ("severity", "info"),
            ("kind", "crowd"),
            ("note", ""),
        ],
    )
    def test_brings_back_what_was(self, action: Action, value: str) -> None:
        one = brawl()
        undone, change = perform(does(one, action, value=value), Deed(action="undo", actor="budi", value="1"), 1020.0)
        assert (undone.state, undone.opened, undone.closed_at) == (one.state, one.opened, one.closed_at)
        assert (undone.care.owner, undone.care.severity, undone.care.kind) == (None, None, None)
        what = value if action == "state" else action
        assert (change.action, change.detail, change.number) == ("undo", what, 2)

    def test_is_for_the_last_step_of_oneself_within_a_minute(self) -> None:
        one = does(brawl(), "take", at=1010.0)
        assert refused(one, "undo", "sari", "1").key == "actions.undo_theirs"
        assert refused(one, "undo", "budi", "2").key == "actions.undo_other"
        assert refused(one, "undo", "budi", "1", at=1010.0 + UNDO_S + 1).key == "actions.undo_late"
        later = does(one, "note", "sari", reason="x")
        assert refused(later, "undo", "budi", "1").key == "actions.undo_other"

    def test_is_not_undone(self) -> None:
        one = does(does(brawl(), "take"), "undo", value="1")
        assert refused(one, "undo", value="2").key == "actions.undo_never"

    def test_comes_too_late_where_the_system_has_gone_on(self) -> None:
        one = replace(does(brawl(), "note", reason="x"), state="resolved")
        assert refused(one, "undo", value="1").key == "actions.undo_moved"

    def test_is_news_to_others_in_the_same_matter(self) -> None:
        one = does(does(brawl(), "take"), "undo", value="1")
        assert refused(one, "take", "sari", seen=1).key == "actions.conflict"


def two_brawls() -> Timeline:
    """Two that nothing ties together."""
    city = Timeline(gate=(0, 0), far=(1500, 0), market=(30, 0))
    city.at(0).sees("gate", "brawl", confidence=0.8)
    city.at(5).sees("far", "brawl", confidence=0.9)
    assert len(city.standing()) == 2
    return city


class TestMerge:
    def test_the_older_goes_on_with_all_events_and_what_people_did(self) -> None:
        city = two_brawls()
        old, young = city.standing()
        city.correlator.act(young.id, Deed(action="take", actor="sari"), city.now)
        deed = Deed(action="merge", actor="budi", value=old.id, reason="one crowd")
        outcome = city.correlator.merge(young.id, old.id, deed, city.now)
        assert outcome.merged == ((young.id, old.id),)
        kept, gone = city.correlator.get(old.id), city.correlator.get(young.id)
        assert kept is not None
        assert gone is not None
        assert (kept.event_count, kept.state, kept.care.owner) == (2, "acknowledged", "sari")
        assert (gone.merged_into, gone.state) == (old.id, "resolved")
        (change,) = [one for one in outcome.changes if one.incident == old.id]
        assert (change.action, change.actor, change.detail, change.reason) == ("merge", "budi", young.id, "one crowd")
        late = city.at(20).sees("far", "brawl", "end", started=5)
        assert late.incident == old.id

    def test_with_itself_or_with_what_is_closed_is_refused(self) -> None:
        city = two_brawls()
        old, young = city.standing()
        deed = Deed(action="merge", actor="budi")
        with pytest.raises(DeedRefused, match="itself"):
            city.correlator.merge(old.id, old.id, deed, city.now)
        city.operator(young.id, "resolved")
        with pytest.raises(DeedRefused, match="closed"):
            city.correlator.merge(old.id, young.id, deed, city.now)

    def test_steps_on_the_other_one_are_news(self) -> None:
        kept, other = does(brawl(), "note", reason="x"), does(brawl(), "take", "sari")
        both = joined(kept.care, other.care)
        assert (both.count, both.owner) == (2, "sari")
        assert both.since(1, "budi", frozenset({"handling"})) == replace(other.care.acts[0], number=2, before=None)
        assert all(act.before is None for act in both.acts)

    def test_the_graver_word_stands(self) -> None:
        assert joined(Care(severity="minor"), Care(severity="major", kind=Kind.CROWD)).severity == "major"
        acts = (Act(1, "note", "note", "budi", 1.0, "open"),)
        assert joined(Care(count=1, acts=acts), Care()).acts == acts


class TestSplit:
    def merged(self) -> tuple[Timeline, str]:
        city = Timeline(gate=(0, 0), market=(30, 0), bridge=(60, 0))
        held = city.at(0).sees("gate", "brawl", confidence=0.8).incident
        city.at(5).sees("market", "brawl", confidence=0.9)
        city.at(9).sees("gate", "brawl", "update", started=0)
        assert city.only().event_count == 3
        return city, held

    def split(self, city: Timeline, held: str, camera: str, **more: Any) -> tuple[Incident, Incident]:
        told = city.told()
        episode = next(item.event.data.episode for item in told if item.event.data.camera == camera)
        deed = Deed(action="split", actor="budi", value=episode, reason="two fights", **more)
        outcome = city.correlator.split(held, told, deed, city.now)
        ((_, old, new),) = outcome.moved
        found = {one.id: one for one in outcome.incidents}
        return found[old], found[new]

    def test_takes_a_whole_episode_into_an_incident_of_its_own(self) -> None:
        city, held = self.merged()
        old, new = self.split(city, held, "gate")
        assert [source.camera for source in old.sources] == ["market"]
        assert [source.camera for source in new.sources] == ["gate"]
        assert (old.id, old.event_count, old.started) == (held, 1, START.timestamp() + 5)
        assert (new.event_count, new.split_from, new.state, new.care.owner) == (2, held, "open", None)
        assert len(city.correlator.trails(held)) == len(city.correlator.trails(new.id)) == 1

    def test_later_events_of_the_episode_follow_it_and_the_two_stay_apart(self) -> None:
        city, held = self.merged()
        _, new = self.split(city, held, "gate")
        for t in range(20, 400, 20):
            assert city.at(t).sees("gate", "brawl", "update", started=0).incident == new.id
        assert city.at(401).sees("market", "brawl", "update", started=5).incident == held
        city.at(402).sees("bridge", "brawl", confidence=0.9)
        assert city.correlator.get(new.id).merged_into is city.correlator.get(held).merged_into is None  # type: ignore[union-attr]

    def test_may_be_merged_again(self) -> None:
        city, held = self.merged()
        old, new = self.split(city, held, "gate")
        city.correlator.merge(old.id, new.id, Deed(action="merge", actor="sari"), city.now)
        one = city.correlator.get(min(old.id, new.id))
        assert one is not None
        assert (one.event_count, len(one.sources), one.apart) == (3, 2, ())

    def test_what_people_did_stays_where_it_was_done(self) -> None:
        city, held = self.merged()
        city.correlator.act(held, Deed(action="take", actor="sari"), city.now)
        city.correlator.act(held, Deed(action="severity", actor="sari", value="minor"), city.now)
        old, new = self.split(city, held, "market", seen=2)
        assert (old.care.owner, old.severity, old.state) == ("sari", "minor", "acknowledged")
        assert (new.care.owner, new.severity, new.state) == (None, "critical", "open")

    def test_of_the_only_episode_is_refused(self) -> None:
        city = Timeline(gate=(0, 0))
        held = city.at(0).sees("gate", "brawl").incident
        told = city.told()
        for value, key in ((told[0].event.data.episode, "actions.only_one"), ("", "actions.not_in_it")):
            deed = Deed(action="split", actor="budi", value=value)
            with pytest.raises(DeedRefused) as caught:
                city.correlator.split(held, told, deed, city.now)
            assert caught.value.key == key


class TestAnnounced:
    """What is critical is shown before its event's turn has come."""

    def test_what_people_did_to_it_stays_when_the_event_is_counted(self) -> None:
        correlator = Correlator(CorrelationPolicy())
        began = START.timestamp()
        event = make_event(0, "gate", "brawl", confidence=0.9, location=place(0, 0, 30.0))
        (shown,) = correlator.step((event,), began).incidents
        correlator.act(shown.id, Deed(action="take", actor="budi"), began + 1)
        correlator.act(shown.id, Deed(action="severity", actor="budi", value="minor"), began + 1)
        correlator.tick(began + 3)
        one = correlator.get(shown.id)
        assert one is not None
        assert (one.event_count, one.state, one.care.owner, one.severity) == (1, "acknowledged", "budi", "minor")

    def test_it_is_settled_before_it_is_merged(self) -> None:
        correlator = Correlator(CorrelationPolicy())
        began = START.timestamp()
        events = [
            make_event(0, who, "brawl", confidence=0.9, location=place(x, 0, 30.0))
            for who, x in (("gate", 0), ("far", 1500))
        ]
        first, second = correlator.step(events, began).incidents
        assert (
            len(correlator.settle(first.id, began).assigned) == len(correlator.settle(second.id, began).assigned) == 1
        )
        assert correlator.settle(first.id, began).assigned == ()
        correlator.merge(first.id, second.id, Deed(action="merge", actor="budi"), began + 1)
        assert correlator.tick(began + 3).assigned == ()
        one = correlator.get(min(first.id, second.id))
        assert one is not None
        assert (one.event_count, len(one.sources)) == (2, 2)


def test_ordering_gives_out_of_turn_what_is_asked_for_and_nothing_else() -> None:
    ordering = Ordering(10.0, 300.0)
    events = [make_event(t, "gate", number=t + 1) for t in range(5)]
    for event in events:
        ordering.push(event, times_of(event), START.timestamp())
    (taken,) = ordering.take(lambda held: held.event is events[2])
    assert taken.event is events[2]
    rest = ordering.due(START.timestamp() + 60)
    assert [held.event for held in rest] == [*events[:2], *events[3:]]


def test_pace_lets_so_many_through_and_says_how_long_to_wait() -> None:
    pace = Pace(2, 60.0)
    assert [pace.wait("budi", 0.0), pace.wait("budi", 10.0), pace.wait("budi", 20.0)] == [0.0, 0.0, 40.0]
    assert pace.wait("sari", 20.0) == 0.0
    assert pace.wait("budi", 60.0) == 0.0
