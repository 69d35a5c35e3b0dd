"""Incidents for who sees a part of the city: what is looked up site by site is what looking through all would find."""

from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace
from sqlite_utils import Database

from aggregator.adapters import store_incidents
from aggregator.adapters.store_schema import migrations
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.incident import Incident, Source
from aggregator.core.ports import Batch, IncidentRow, Retention
from aggregator.core.states import CLOSED, STATES
from aggregator.views import incident_view
from contract.ids import derived_uuid7
from contract.kinds import Kind

SITES = ("north", "south", "east", "west", "far")
DAY_S = 86_400.0


def made(number: int, random: Random) -> Incident:
    """At one to three sites, the far one rarely; most are closed, some absorbed."""
    sites = random.sample(SITES, k=random.choice((1, 1, 2, 3)), counts=(9, 9, 9, 9, 1))
    return Incident(
        id=derived_uuid7(number * 1000, "made", str(number)),
        kind=random.choice((Kind.CROWD, Kind.BRAWL)),
        state=random.choice((*sorted(STATES), *sorted(CLOSED) * 4)),
        severity="minor",
        confidence=0.5,
        started=float(number),
        last_event=float(number),
        updated=float(number),
        delayed=False,
        merged_into="0" * 36 if random.random() < 0.1 else None,
        sources=tuple(Source(site, "cam", 0.5) for site in dict.fromkeys(sites)),
    )


def put(store: SqliteStore, *incidents: Incident) -> None:
    store.commit(Batch(incidents={one.id: IncidentRow(one, (), incident_view(one)) for one in incidents}))


def ids(store: SqliteStore, **wish: object) -> list[str]:
    return [one for one, _ in store.incident_views(**wish)]  # type: ignore[arg-type]


def test_pages_are_those_that_looking_through_all_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_incidents, "NEWEST", 12)
    random, store = Random(5), SqliteStore(tmp_path / "jaga.sqlite")
    known = [made(number, random) for number in range(150)]
    put(store, *known)
    closed, waiting = tuple(sorted(CLOSED)), tuple(sorted(set(STATES) - CLOSED))
    for _ in range(300):
        sites = frozenset(random.sample((*SITES, "unheard"), k=random.randint(0, 4)))
        states = random.choice(((), closed, waiting, (random.choice(closed),)))
        kind = random.choice((None, None, Kind.BRAWL))
        before = random.choice((None, random.choice(known).id))
        limit = random.choice((1, 5, 40, 200))
        wanted = [
            one.id
            for one in reversed(known)
            if one.merged_into is None
            and (not states or one.state in states)
            and (kind is None or one.kind == kind)
            and (before is None or one.id < before)
            and not sites.isdisjoint(source.site for source in one.sources)
        ][:limit]
        assert ids(store, states=states, kind=kind, before=before, sites=sites, limit=limit) == wanted
    store.close()


def test_whoever_has_few_incidents_does_not_look_through_all(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jaga.sqlite")
    _, by_site = store_incidents.searches(tuple(sorted(CLOSED)), None, None, ("far",), 500)
    plan = [row[3] for row in store.read(f"EXPLAIN QUERY PLAN {by_site[0]}", by_site[1])]
    assert any(step.startswith("SEARCH s USING PRIMARY KEY (site=?)") for step in plan), plan
    assert not any(step.startswith("SCAN incidents") for step in plan), plan
    store.close()


def test_one_that_left_a_site_is_not_found_there_and_what_is_gone_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_incidents, "NEWEST", 1)
    store, random = SqliteStore(tmp_path / "jaga.sqlite"), Random(0)
    wide, newer = made(1, random), made(2, random)
    north = (Source("north", "cam", 0.5),)
    both = (*north, Source("south", "cam", 0.5))
    wide = replace(wide, state="resolved", merged_into=None, sources=both)
    put(store, wide, replace(newer, state="resolved", merged_into=None, sources=north))
    assert ids(store, sites=("south",)) == [wide.id]
    put(store, replace(wide, sources=north, revision=wide.revision + 1))
    assert ids(store, sites=("south",)) == []
    assert ids(store, sites=("north",)) == [newer.id, wide.id]
    store.prune(Retention(1.0, 1.0, 1.0, 1.0, 1), 3 * DAY_S)
    assert store.read("SELECT * FROM incident_sites") == []
    store.close()


def test_a_store_of_before_learns_where_its_incidents_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_incidents, "NEWEST", 1)
    new, old, random = SqliteStore(tmp_path / "new.sqlite"), Database(tmp_path / "old.sqlite"), Random(1)
    put(new, *(made(number, random) for number in range(40)))
    migrations.apply(old, stop_before="sites")
    rows = new.read("SELECT * FROM incidents")
    old.conn.executemany(f"INSERT INTO incidents VALUES ({','.join('?' * len(rows[0]))})", rows)
    old.conn.commit()
    old.close()
    store = SqliteStore(tmp_path / "old.sqlite")
    assert store.read("SELECT * FROM incident_sites") == new.read("SELECT * FROM incident_sites") != []
    assert ids(store, sites=("far", "east")) == ids(new, sites=("far", "east"))
    new.close()
    store.close()
