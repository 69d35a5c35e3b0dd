"""The contract of aggregator.core.ports.Store, over each implementation."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from msgspec.structs import replace

from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.actions import Deed
from aggregator.core.errors import StoreError
from aggregator.core.incident import Incident
from aggregator.core.liveness import Agent, Camera
from aggregator.core.ports import Batch, EvidenceRow, IncidentRow, Refused, Retention, Store
from aggregator.core.precision import Verdict
from aggregator.core.rates import Rates
from aggregator.core.sequence import Sequence
from aggregator.views import incident_view
from contract.events import Event
from contract.kinds import Kind
from tests.timeline import START, Taken, Timeline, batch_of, make_event, place

Open = Callable[[], Store]
DAY = 86_400.0


@pytest.fixture(params=["sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store, the same one at each call; what is open at the end is closed."""
    opened: list[Store] = []

    def opener() -> Store:
        opened.append({"sqlite": lambda: SqliteStore(tmp_path / "jaga.sqlite")}[request.param]())
        return opened[-1]

    yield opener
    opened[-1].close()


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()


def seen(city: Timeline, t: float, camera: str, kind: str = "brawl", **more: object) -> tuple[Event, Taken]:
    x = {"a": 0, "b": 50, "c": 100}.get(camera, 50_000)
    event = make_event(t, camera, kind, location=place(x, 0, 30.0), **more)  # type: ignore[arg-type]
    return event, city.take(event)


def test_a_commit_is_there_after_opening_again(open_store: Open) -> None:
    city = Timeline()
    store = open_store()
    store.commit(batch_of(city, seen(city, 0, "a"), seen(city, 5, "b")))
    store.close()
    again = open_store()
    one = city.only()
    assert again.incident_view(one.id) == incident_view(one)
    assert [msgspec.json.decode(raw)["data"]["camera"] for raw, _, _ in again.incident_events(one.id)] == ["a", "b"]
    assert [change.reason for change in again.changes(one.id)] == [change.reason for change in city.changes]


def test_what_an_event_did_not_join_is_told_among_its_reasons(store: Store) -> None:
    city = Timeline()
    batch = batch_of(city, seen(city, 0, "a"), seen(city, 5, "b"))
    batch.links[1] = replace(batch.links[1], refused=(("other", "onset"),))
    store.commit(batch)
    told = [msgspec.json.decode(reasons).get("refused") for _, _, reasons in store.incident_events(city.only().id)]
    assert told == [None, [["other", "onset"]]]


def test_writing_again_changes_nothing(store: Store) -> None:
    city = Timeline()
    taken = seen(city, 0, "a")
    batch = batch_of(city, taken)
    batch.changes.clear()
    store.commit(batch)
    store.commit(batch)
    assert len(store.incident_events(city.only().id)) == 1
    assert store.known([taken[0].id, "0" * 36]) == {taken[0].id}


def test_an_older_revision_does_not_win(store: Store) -> None:
    city = Timeline()
    old = batch_of(city, seen(city, 0, "a"))
    new = batch_of(city, seen(city, 5, "b"))
    store.commit(new)
    store.commit(Batch(incidents=old.incidents))
    assert store.incident_view(city.only().id) == incident_view(city.only())


def test_a_merge_moves_events_and_episodes_and_hides_the_absorbed(store: Store) -> None:
    city = Timeline()
    store.commit(batch_of(city, seen(city, 0, "a"), seen(city, 5, "c")))
    assert len(store.incident_views()) == 2
    store.commit(batch_of(city, seen(city, 10, "b")))
    (only,) = store.incident_views()
    assert only[0] == city.only().id
    assert len(store.incident_events(only[0])) == 3
    absorbed = next(one.id for one in city.incidents.values() if one.merged_into)
    assert store.incident_events(absorbed) == []
    assert b'"merged_into":"' in (store.incident_view(absorbed) or b"")
    restored = {one.id: episodes for one, _, episodes in store.restore(0).incidents}
    assert len(restored[only[0]]) == 3


def test_what_is_restored_is_what_was_written(store: Store) -> None:
    city = Timeline()
    batch = batch_of(city, seen(city, 0, "a", confidence=0.3), seen(city, 5, "far", confidence=0.9))
    agent, numbers = (
        Agent(site="s", id="e", boot_id="b", interval_s=5.0, last_seen=7.0),
        Sequence(9, ((4, 4), (6, 7)), lost=((1, 2),)),
    )
    camera = Camera(site="s", id="a", agent="e", location=place(0, 0), state="online", last_seen=3.0)
    batch.agents[agent.key], batch.cameras[camera.key] = (agent, numbers), camera
    store.commit(batch)
    restored = store.restore(0)
    assert [one for one, _, _ in restored.incidents] == city.standing()
    for one, trails, episodes in restored.incidents:
        assert list(trails) == list(city.correlator.trails(one.id))
        assert all(city.correlator.episode(episode) == state for episode, state in episodes)
        assert len(episodes) == 1
    assert restored.agents == ((agent, numbers),)
    assert restored.cameras == (camera,)


def test_restoring_leaves_out_what_was_closed_long_ago(store: Store) -> None:
    city = Timeline()
    batch = batch_of(city, seen(city, 0, "a"))
    store.commit(batch)
    closed = city.at(10).operator(city.only().id, "resolved")
    store.commit(_with(closed))
    assert len(store.restore(closed.updated).incidents) == 1
    assert store.restore(closed.updated + 1).incidents == ()


def test_pages_of_incidents_are_complete_and_newest_first(store: Store) -> None:
    city = Timeline()
    batch = batch_of(city, *(seen(city, index * 5000, "a", "brawl", episode=str(index)) for index in range(7)))
    store.commit(batch)
    got: list[str] = []
    before = None
    while page := store.incident_views(before=before, limit=3):
        got += [one for one, _ in page]
        before = got[-1]
    assert got == sorted(city.incidents, reverse=True)
    assert [one for one, _ in store.incident_views(kind="crowd")] == []
    states = {one.id: one.state for one in city.standing()}
    opened = [one for one, _ in store.incident_views(states=("open",), kind="brawl")]
    assert sorted(opened) == sorted(one for one, state in states.items() if state == "open")
    assert sum(store.count_by_state().values()) == 7


def test_evidence_is_kept_by_its_hash_and_once(store: Store) -> None:
    jpeg = b"\xff\xd8\xff" + b"x" * 100
    row = EvidenceRow(hashlib.sha256(jpeg).hexdigest(), "e", "s", "c", 5.0, jpeg)
    store.commit(Batch(evidence=[row, row]))
    assert store.evidence(row.sha256) == (jpeg, "image/jpeg")
    assert store.evidence("0" * 64) is None


def test_quarantine_and_audit_come_back_newest_first(store: Store) -> None:
    for index in range(3):
        refused = Refused(float(index + 1), "jaga/v1/x", "WrongType", "$.data", "no", b"\xff\x00")
        store.commit(Batch(quarantine=[refused], audit=[(float(index + 1), "rina", "evidence.read", "ab", "")]))
    assert [(row.received, row.payload) for row in store.quarantine(2)] == [(3.0, b"\xff\x00"), (2.0, b"\xff\x00")]
    assert [row[0] for row in store.audit(2)] == [3.0, 2.0]


def test_pruning_keeps_what_is_alive_and_bounds_the_rest(store: Store) -> None:
    city = Timeline()
    store.commit(batch_of(city, seen(city, 0, "a"), seen(city, 0, "far")))
    alive, closed = sorted(city.incidents)
    store.commit(_with(city.operator(closed, "resolved")))
    pictures = [b"\xff\xd8\xff" + bytes([index]) * 400_000 for index in range(5)]
    rows = [
        EvidenceRow(hashlib.sha256(one).hexdigest(), "e", "s", "c", START.timestamp() + index, one)
        for index, one in enumerate(pictures)
    ]
    store.commit(Batch(evidence=rows, quarantine=[Refused(1.0, "t", "E", "$", "d", b"") for _ in range(9)]))
    later = START.timestamp() + 91 * DAY
    store.prune(Retention(evidence_days=1000, evidence_mb=1.0, quarantine_rows=4), later)
    assert store.incident_view(closed) is None
    assert store.incident_events(closed) == []
    assert store.changes(closed) == []
    assert store.incident_view(alive) is not None
    assert len(store.incident_events(alive)) == 1
    assert [store.evidence(row.sha256) is not None for row in rows] == [False, False, False, True, True]
    assert len(store.quarantine(100)) == 4
    store.prune(Retention(evidence_days=1), later)
    assert store.evidence(rows[-1].sha256) is None


def test_a_failed_commit_writes_nothing(store: Store) -> None:
    city = Timeline()
    batch = batch_of(city, seen(city, 0, "a"))
    batch.audit.append((1.0, "rina", "no such action", "x", ""))
    with pytest.raises(StoreError):
        store.commit(batch)
    assert store.known([row.event.id for row in batch.events]) == frozenset()
    assert store.incident_views() == []
    batch.audit.clear()
    store.commit(batch)
    assert len(store.incident_views()) == 1


def test_many_threads_may_write_and_read(store: Store) -> None:
    def work(number: int) -> None:
        for index in range(20):
            store.commit(Batch(audit=[(float(index), f"thread-{number}", "evidence.read", "x", "")]))
            store.audit(5)

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.audit(1000)) == 120
    assert store.queue_depth() == 0


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "nowhere" / "jaga.sqlite")


def _with(one: Incident) -> Batch:
    return Batch(incidents={one.id: IncidentRow(one, (), incident_view(one))})


def test_incidents_of_some_sites_come_in_whole_pages(store: Store) -> None:
    city = Timeline()
    taken = [
        seen(city, index * 1000, "a", episode=str(index), site="north" if index % 3 else "south") for index in range(9)
    ]
    store.commit(batch_of(city, *taken))
    got: list[str] = []
    before = None
    while page := store.incident_views(before=before, limit=2, sites=frozenset({"south", "unheard"})):
        got += [incident for incident, _ in page]
        before = page[-1][0]
    wanted = [one.id for one in city.standing() if {source.site for source in one.sources} == {"south"}]
    assert len(wanted) == 3
    assert got == wanted[::-1]
    assert store.incident_views(sites=frozenset()) == []


def test_a_picture_knows_its_site(store: Store) -> None:
    jpeg = b"\xff\xd8\xffpicture"
    sha256 = hashlib.sha256(jpeg).hexdigest()
    store.commit(Batch(evidence=[EvidenceRow(sha256, "e", "north", "a", 1.0, jpeg)]))
    assert store.evidence_site(sha256) == "north"
    assert store.evidence_site("0" * 64) is None


def test_a_split_moves_an_episode_and_says_so(store: Store) -> None:
    city = Timeline()
    taken = [seen(city, 0, "a"), seen(city, 5, "b"), seen(city, 9, "a", phase="update", started=0.0)]
    store.commit(batch_of(city, *taken))
    old = city.only().id
    episode = taken[1][0].data.episode
    outcome = city.correlator.split(old, city.told(), Deed(action="split", actor="budi", value=episode), city.now)
    ((_, _, new),) = outcome.moved
    batch = Batch(changes=list(outcome.changes), moved=list(outcome.moved), episodes=dict(outcome.episodes))
    for one in outcome.incidents:
        batch.incidents[one.id] = IncidentRow(one, city.correlator.trails(one.id), incident_view(one))
    store.commit(batch)
    assert [len(store.incident_told(one)) for one in (old, new)] == [2, 1]
    ((raw, score, reasons),) = store.incident_events(new)
    assert (msgspec.json.decode(raw)["id"], score, msgspec.json.decode(reasons)) == (
        taken[1][0].id,
        1.0,
        {"kind": "split"},
    )
    assert [one for one, _ in store.followers(old)] == [new]
    restored = {one.id: dict(episodes) for one, _, episodes in store.restore(0).incidents}
    assert list(restored[new]) == [episode]
    assert restored[new][episode].incident == new


def test_what_was_undone_is_marked_and_a_notes_words_go(store: Store) -> None:
    city = Timeline()
    store.commit(batch_of(city, seen(city, 0, "a")))
    one = city.only().id
    for deed in (
        Deed(action="note", actor="budi", reason="red shirt"),
        Deed(action="severity", actor="budi", value="minor", reason="calm"),
    ):
        store.commit(Batch(changes=[city.correlator.act(one, deed, city.now)[1]]))
    store.commit(Batch(undone=[(one, 1), (one, 2)]))
    assert [(c.action, c.detail, c.reason, c.number, c.undone) for c in store.changes(one)[-2:]] == [
        ("note", "", "", 1, True),
        ("severity", "minor", "calm", 2, True),
    ]
    assert not any(change.undone for change in store.changes(one)[:-2])


def test_withdrawn_verdicts_are_gone_and_may_be_given_anew(store: Store) -> None:
    def verdict(incident: str, true: bool) -> Verdict:
        return Verdict(incident, 5.0, 4.0, "site-1", "a", Kind.BRAWL, true)

    store.commit(Batch(verdicts=[verdict("x", False), verdict("y", True)]))
    store.commit(Batch(withdrawn=["x"]))
    assert store.verdicts() == (verdict("y", True),)
    store.commit(Batch(withdrawn=["x"], verdicts=[verdict("x", True)]))
    assert store.verdicts() == (verdict("y", True), verdict("x", True))


def test_what_cameras_tell_anyway_is_there_after_opening_again_until_it_is_old(open_store: Open) -> None:
    rates = Rates()
    keys = [rates.note("s", camera, Kind.BRAWL, 5.0 + n / 3, n > 1, n > 0) for n, camera in enumerate("aab")]
    store = open_store()
    first = rates.counted(keys[0])
    store.commit(Batch(counted={key: rates.counted(key) for key in keys}))
    rates.note("s", "a", Kind.BRAWL, 9.1, False)
    store.commit(Batch(counted={keys[0]: rates.counted(keys[0])}))
    store.close()
    again = open_store()
    kept = {(one.site, one.camera, one.family, one.many): one for one in again.restore(0).counted}
    assert kept == {key: rates.counted(key) for key in keys}
    assert kept[keys[0]] != first
    anew = Rates()
    anew.restore(kept.values())
    for camera, many in product("abc", (False, True)):
        told = [one.unconfirmed_per_s("s", camera, Kind.BRAWL, 900.0, many) for one in (rates, anew)]
        assert told[0] == told[1]
    again.prune(Retention(events_days=1), DAY + 6)
    assert {one.camera for one in again.restore(0).counted} == {"a"}
    assert [one.many for one in again.restore(0).counted] == [False]


def test_what_cameras_told_of_their_faults_comes_in_the_order_it_came(store: Store) -> None:
    city = Timeline()
    told = [seen(city, t, "a", kind) for t, kind in ((0, "camera_covered"), (5, "crowd"), (60, "camera_lost"))]
    store.commit(batch_of(city, *told))
    begin = START.timestamp()
    for since, kinds in ((begin - 1, ["camera_covered", "camera_lost"]), (begin + 30, ["camera_lost"])):
        assert [msgspec.json.decode(raw)["data"]["kind"] for raw, _ in store.restore(since).faults] == kinds


def test_until_when_nothing_is_closed_is_what_was_said_last(open_store: Open) -> None:
    store = open_store()
    assert store.restore(0).holds_until is None
    for until in (500.0, 300.0):
        store.commit(Batch(holds_until=until))
        store.commit(Batch())
        store.close()
        store = open_store()
        assert store.restore(0).holds_until == until


def test_what_was_absorbed_by_one_that_was_absorbed_goes_all_the_way(store: Store) -> None:
    """In one commit, in the order it happened: a second merge takes along what the first had brought."""
    city = Timeline(a=(0, 0), b=(5_000, 0), c=(10_000, 0), d=(15_000, 0))
    told = [make_event(n, name, "brawl", location=place(n * 5_000, 0)) for n, name in enumerate("abcd")]
    store.commit(batch_of(city, *((event, city.take(event)) for event in told)))
    a, b, c, d = sorted(one.id for one in city.correlator.incidents())
    store.commit(Batch(merged=[(a, b), (b, c)]))
    assert [len(store.incident_events(one)) for one in (a, b, c, d)] == [0, 0, 3, 1]


def test_the_latest_picture_of_each_camera(store: Store) -> None:
    def shot(camera: str, received: float) -> EvidenceRow:
        jpeg = f"{camera} {received}".encode()
        return EvidenceRow(hashlib.sha256(jpeg).hexdigest(), "e" * 36, "north", camera, received, jpeg)

    shots = [shot("a", 1.0), shot("a", 3.0), shot("a", 2.0), shot("b", 1.0)]
    store.commit(Batch(evidence=shots))
    found = store.latest_pictures([("north", "a"), ("north", "b"), ("south", "a")])
    assert found == {("north", "a"): (shots[1].sha256, 3.0), ("north", "b"): (shots[3].sha256, 1.0)}
