"""The correlation in cities that `jaga simulate city` does not make: other places, clocks, uplinks, agents and days.

    python -m benchmarks.other_cities
    python -m benchmarks.other_cities --seeds 5001 5012 --only "places missing" --peer --out folder

Each variation changes one thing; the seeds are the same in all. No bars: what a city without places can have at most is
not known. --peer: DBSCAN as well, with the setting that is best for that very variation, which nobody could know
beforehand. --out: also writes each city as `jaga correlate` and `jaga score incidents` read it. Bursts, vices, twins
and the six days by seed are the generator's own.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import mean
from types import MappingProxyType

import msgspec
from msgspec.structs import replace as changed

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.liveness import Camera
from aggregator.offline import by_time, correlate
from benchmarks.cities import Case
from benchmarks.correlation_peers import PEERS, groups
from benchmarks.report import Figure, Outcome, command
from contract.events import Event, Location
from contract.kinds import KINDS, Kind
from simulator import city
from simulator.city_acts import SCRIPTS, Act, Incident, Script, alike, one_street_on
from simulator.city_map import Camera as Spot
from simulator.city_map import City as Map
from simulator.city_map import District, Point, to_location
from simulator.city_noise import noise
from simulator.city_profiles import PROFILES, Profile
from simulator.city_script import APART_M, TRIES, TWINS_APART_M, Day
from simulator.city_sight import Moment, Sighting
from simulator.city_transport import Transport, Watch
from simulator.score import Score, Timed, score

SEEDS = (5001, 5006)
Told = list[Sighting]


@dataclass(frozen=True)
class Other:
    """What is otherwise. spot: of each camera. told: of all that is told. event: of each; None: it never came. fleet:
    what the camera file says of each, and where the middle of its site is."""

    cameras: int = 240
    hours: float = 3.0
    profile: Callable[[Profile, Random], Profile] = lambda one, _: one
    layout: type[Map] = Map
    day: type[Day] = Day
    transport: type[Transport] = Transport
    spot: Callable[[Spot, Random], Spot] = lambda one, _: one
    told: Callable[[Told, Random], Told] = lambda told, _: told
    event: Callable[[Event, Random], Event | None] = lambda one, _: one
    fleet: Callable[[Camera, Location], Camera] = lambda one, _: one


def made(seed: int, other: Other) -> Case:
    name = tuple(PROFILES)[seed % len(PROFILES)]
    random, seconds = Random(f"other-{seed}"), other.hours * 3600
    day = other.profile(PROFILES[name], random)
    place = _map(other, seed, random)
    course = other.day(place, day, Random(f"jaga-city-{seed}-{name}-day"))
    course.play(seconds)
    false = noise(place, day, seconds, Random(f"jaga-city-{seed}-{name}-noise"))
    transport = other.transport(day, seconds, Random(f"jaga-city-{seed}-{name}-transport"))
    deliveries = transport.deliver(other.told([*course.sightings, *false], random))
    begin = city.MIDNIGHT + timedelta(hours=day.hour)
    whole = city.City(seed, begin, tuple(place.cameras), tuple(course.happenings), tuple(deliveries), transport)
    arrivals: dict[str, tuple[float, Event]] = {}
    for delivery, event in zip(whole.deliveries, whole.events(), strict=True):
        if event.id not in arrivals and (kept := other.event(event, random)) is not None:
            arrivals[event.id] = begin.timestamp() + delivery.arrives, kept
    told = {number: frozenset(events) & arrivals.keys() for number, events in whole.truth().items()}
    truth = tuple(
        Timed(str(one.number), told[one.number], whole.time(one.started), one.kind)
        for one in whole.happenings
        if told.get(one.number)
    )
    events = tuple(sorted((event for _, event in arrivals.values()), key=by_time))
    return Case(seed, name, _fleet(whole.cameras, other), tuple(arrivals.values()), events, truth)


def _fleet(spots: Sequence[Spot], other: Other) -> tuple[Camera, ...]:
    middles = {}
    for site in {one.site for one in spots}:
        there = [one.location for one in spots if one.site == site]
        lat, lon = mean(one.lat for one in there), mean(one.lon for one in there)
        middles[site] = Location(lat=round(lat, 6), lon=round(lon, 6), radius_m=30.0)
    known = (Camera(site=one.site, id=one.id, agent=one.agent, name=one.name, location=one.location) for one in spots)
    return tuple(other.fleet(one, middles[one.site]) for one in known)


def _map(other: Other, seed: int, random: Random) -> Map:
    """The layout with each camera changed; places stay, so that `near` still finds them."""
    place = other.layout(other.cameras, Random(f"jaga-city-{seed}-map"))
    by_id = {(one.site, one.id): other.spot(one, random) for one in place.cameras}
    place.cameras = list(by_id.values())
    for cell in place._cells.values():
        cell[:] = [by_id[one.site, one.id] for one in cell]
    return place


class _Dense(Map):
    factor = 3.0

    def _district(self, block: tuple[int, int], random: Random) -> tuple[District, int]:
        district, usual = super()._district(block, random)
        return district, max(1, round(usual * self.factor))


class _Sparse(_Dense):
    factor = 1 / 3


class _Clocks(Transport):
    """A tenth of the agents are one to five minutes off. knows: whether they tell."""

    knows = False

    def _equip(self, agent: str) -> None:
        super()._equip(agent)
        if self._random.random() < 0.1:
            skew = self._random.choice((-1, 1)) * self._random.uniform(60, 300)
            self._watches[agent] = Watch(skew, 0.0, self.knows)


class _ToldClocks(_Clocks):
    knows = True


class _Backlog(Transport):
    """Half of the agents are cut off for six hours."""

    def _equip(self, agent: str) -> None:
        super()._equip(agent)
        if self._random.random() < 0.5:
            begin = self._random.uniform(0, max(1.0, self._seconds - 21_600))
            self._outages[agent] = [(begin, begin + 21_600)]


def _at(incident: Incident, time: Callable[[float], float]) -> Incident:
    """The same at other times."""

    def moved(act: Act) -> Act:
        path = tuple((time(t), spot) for t, spot in act.path)
        return replace(act, path=path, spread=tuple((time(t), radius) for t, radius in act.spread))

    return replace(incident, acts=tuple(moved(act) for act in incident.acts))


class _Again(Day):
    """Half of what happens happens there once more, an hour after it was over."""

    def _happen(self, incident: Incident, spot: Point) -> None:
        super()._happen(incident, spot)
        if self._random.random() < 0.5:
            times = [(act.started, act.ended) for act in incident.acts]
            more = 3600 + max(ended for _, ended in times) - min(started for started, _ in times)
            later = _at(incident, lambda t: t + more)
            if not any(alike(later, one, APART_M) for one in self._around(spot) if one is not incident):
                super()._happen(later, spot)


class _Fires(Day):
    """Each fire has another one street on, within half an hour."""

    def _happen(self, incident: Incident, spot: Point) -> None:
        super()._happen(incident, spot)
        if incident.kind != Kind.SMOKE_FIRE:
            return
        random, district = self._random, self._city.nearest(spot)
        for _ in range(TRIES):
            there, t = one_street_on(district, spot, random), incident.acts[0].started + random.uniform(60, 1800)
            second = SCRIPTS["fire"](district, there, t, random)
            near = [one for one in self._around(there) if one is not incident]
            if not alike(second, incident, TWINS_APART_M) and not any(alike(second, one, APART_M) for one in near):
                super()._happen(second, there)
                return


def _long(script: Script) -> Script:
    def played(district: District, spot: Point, t: float, random: Random) -> Incident:
        return _at(script(district, spot, t, random), lambda when: t + 4 * (when - t))

    return played


class _Long(Day):
    """Everything lasts four times as long."""

    scripts = MappingProxyType({name: _long(script) for name, script in SCRIPTS.items()})


def _times(**factors: float) -> Callable[[Profile, Random], Profile]:
    return lambda one, _: replace(one, **{name: getattr(one, name) * factor for name, factor in factors.items()})


def _weights(one: Profile, random: Random) -> Profile:
    scripts = {name: random.expovariate(1) for name in SCRIPTS}
    rate, noisy, reports = random.uniform(0.02, 0.2), random.uniform(0.5, 2.5), random.uniform(0.1, 3)
    return replace(one, scripts=scripts, per_camera_h=rate, noise=noisy, reports=reports, crowding=random.random())


def _bad(one: Spot, random: Random) -> Spot:
    return replace(one, false_per_h=random.uniform(2, 9)) if random.random() < 0.1 else one


def _far(one: Spot, _: Random) -> Spot:
    return replace(one, reach_m=2 * one.reach_m, location=to_location(one.spot, 2 * one.reach_m))


def _no_place(event: Event, _: Random) -> Event:
    data = event.data
    return event if data.kind == Kind.REPORT else changed(event, data=changed(data, location=None))


def _sure(by: float) -> Callable[[Event, Random], Event]:
    def said(event: Event, _: Random) -> Event:
        sure = round(min(1.0, max(0.0, event.data.confidence + by)), 3)
        return changed(event, data=changed(event.data, confidence=sure))

    return said


def _reports_only(told: Told, random: Random) -> Told:
    """In half of the sites no camera says anything."""
    sites = sorted({one.site for one in told})
    dark = set(random.sample(sites, len(sites) // 2))
    return [one for one in told if one.camera is None or one.site not in dark]


def _few_rules(told: Told, random: Random) -> Told:
    """Each camera looks for half of the kinds."""
    kinds = [kind for kind in Kind if KINDS[kind].family not in ("camera", "report")]
    cameras = sorted({one.camera.id for one in told if one.camera is not None})
    looks = {camera: set(random.sample(kinds, len(kinds) // 2)) for camera in cameras}
    return [one for one in told if one.camera is None or one.kind not in kinds or one.kind in looks[one.camera.id]]


def _then(one: Sighting, t: float) -> Moment:
    """What it would have told at that time: what it did at the nearest."""
    return replace(min(one.moments, key=lambda moment: abs(moment.t - t)), t=t)


def _every_10_s(told: Told, _: Random) -> Told:
    found = []
    for one in told:
        first, last = one.moments[0], one.moments[-1]
        times = [first.t + 10.0 * n for n in range(1, int((last.t - first.t) / 10.0 + 0.9))]
        found.append(replace(one, moments=(first, *[_then(one, t) for t in times], last)))
    return found


def _lost(told: Told, random: Random) -> Told:
    """Cameras lose what they see after two minutes on the mean, and see it again 20 to 60 s later."""
    found = []
    for one in told:
        begin, end = one.moments[0].t, one.moments[-1].t
        while begin <= end:
            last = min(end, begin + 10 + random.expovariate(1 / 110)) if one.camera is not None else end
            within = [moment for moment in one.moments if begin < moment.t < last]
            found.append(replace(one, moments=(_then(one, begin), *within, _then(one, last))))
            begin = last + random.uniform(20, 60)
    return found


OTHERS: dict[str, Other] = {
    "as it is": Other(),
    "10 cameras, 12 h": Other(cameras=10, hours=12),
    "50 cameras, 6 h": Other(cameras=50, hours=6),
    "1000 cameras, 2 h": Other(cameras=1000, hours=2),
    "8 h": Other(hours=8),
    "120 cameras, 24 h": Other(cameras=120, hours=24),
    "three times as dense": Other(layout=_Dense),
    "a third as dense": Other(layout=_Sparse),
    "clocks minutes off, untold": Other(transport=_Clocks),
    "clocks minutes off, told": Other(transport=_ToldClocks),
    "a fifth is lost": Other(event=lambda one, random: one if random.random() >= 0.2 else None),
    "backlog of 6 h, 8 h": Other(hours=8, transport=_Backlog),
    "half the sites only by reports": Other(told=_reports_only),
    "ten times the reports": Other(profile=_times(reports=10)),
    "hardly a report": Other(profile=_times(reports=0.001)),
    "twenty times the pranks": Other(profile=_times(pranks=20)),
    "twice the noise": Other(profile=_times(noise=2)),
    "five times the noise": Other(profile=_times(noise=5)),
    "half the noise": Other(profile=_times(noise=0.5)),
    "a tenth of the cameras always wrong": Other(spot=_bad),
    "four times as long, 6 h": Other(hours=6, day=_Long),
    "again after an hour, 4 h": Other(hours=4, day=_Again),
    "two fires near": Other(day=_Fires, profile=lambda one, _: replace(one, scripts={**one.scripts, "fire": 2.0})),
    "places missing": Other(event=_no_place, fleet=lambda one, _: changed(one, location=None)),
    "places all the site's": Other(event=_no_place, fleet=lambda one, site: changed(one, location=site)),
    "no camera places what it sees": Other(event=_no_place),
    "cameras see twice as far": Other(spot=_far),
    "cameras miss more than half": Other(spot=lambda one, _: replace(one, keen=0.4)),
    "each camera half the rules": Other(told=_few_rules),
    "told of every 10 s": Other(told=_every_10_s),
    "lost from sight after two minutes": Other(told=_lost),
    "told of at its ends alone": Other(
        told=lambda told, _: [replace(one, moments=(one.moments[0], one.moments[-1])) for one in told]
    ),
    "no ends": Other(event=lambda one, _: one if one.data.phase != "end" else None),
    "beginnings alone": Other(event=lambda one, _: one if one.data.phase == "begin" else None),
    "less sure by 0.2": Other(event=_sure(-0.2)),
    "surer by 0.2": Other(event=_sure(0.2)),
    "four times as busy": Other(profile=_times(per_camera_h=4)),
    "a quarter as busy, 6 h": Other(hours=6, profile=_times(per_camera_h=0.25)),
    "any mixture": Other(profile=_weights),
}


def ours(one: Case) -> Score:
    found = [
        Timed(
            result.incident.id,
            frozenset(result.events),
            datetime.fromtimestamp(result.incident.started, UTC),
            shown=result.incident.opened is not None or result.incident.delayed,
        )
        for result in correlate(one.events, one.cameras, cells=H3Cells())
    ]
    return score(found, one.truth)


def peer(cases: Sequence[Case]) -> float:
    """DBSCAN's F1 with the setting that is best for these."""
    (dbscan,) = (one for one in PEERS if one.name == "DBSCAN")
    return max(
        mean(score(groups(one, dbscan.group(one, setting)), one.truth).pairs.f1 for one in cases)
        for setting in dbscan.settings
    )


def write(one: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    features = []
    for camera in one.cameras:
        at = camera.location
        point = {"type": "Point", "coordinates": [at.lon, at.lat]} if at is not None else None
        told = {"id": camera.id, "site": camera.site, "agent": camera.agent, "name": camera.name}
        properties = told | ({"radius_m": at.radius_m} if at is not None else {})
        features.append({"type": "Feature", "geometry": point, "properties": properties})
    layout = msgspec.json.encode({"type": "FeatureCollection", "features": features})
    (folder / "cameras.geojson").write_bytes(layout)
    (folder / "events.jsonl").write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for _, event in one.arrivals))
    facts = [
        {"incident": fact.id, "events": sorted(fact.events), "kind": fact.kind, "started": fact.started}
        for fact in one.truth
    ]
    (folder / "truth.jsonl").write_bytes(b"".join(msgspec.json.encode(fact) + b"\n" for fact in facts))


def measure(seeds: Sequence[int], names: Sequence[str], out: Path | None, *, with_peer: bool) -> Outcome:
    figures = []
    for name in names:
        cases = [made(seed, OTHERS[name]) for seed in seeds]
        for one in cases if out is not None else ():
            write(one, Path(out or "") / name.replace(" ", "-") / str(one.seed))
        scores = [ours(one) for one in cases]
        pairs = [one.pairs for one in scores]
        told = (
            f"F1 {mean(one.f1 for one in pairs):.3f} (worst {min(one.f1 for one in pairs):.2f}), "
            f"precision {mean(one.precision for one in pairs):.3f}, recall {mean(one.recall for one in pairs):.3f}, "
            f"ARI {mean(one.ari for one in scores):.3f}, false merges {mean(one.false_merges for one in scores):.4f}, "
            f"reduction {mean(one.reduction_shown for one in scores):.3f}, "
            f"major ones not shown {sum(one.missing_major for one in scores)}, "
            f"begin {mean(one.delay_median_s or 0.0 for one in scores):.0f} s after the true one"
        )
        figures.append(Figure(name, told + (f"; DBSCAN F1 {peer(cases):.3f}" if with_peer else "")))
    return Outcome("other cities", tuple(figures))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "LAST"))
    parser.add_argument("--only", nargs="+", choices=tuple(OTHERS), default=tuple(OTHERS), metavar="VARIATION")
    parser.add_argument("--peer", action="store_true", help="needs scikit-learn")
    parser.add_argument("--out", type=Path, help="folder for the cities as files")
    options, others = parser.parse_known_args(arguments)
    seeds = range(options.seeds[0], options.seeds[1] + 1)
    return command(lambda: measure(seeds, options.only, options.out, with_peer=options.peer), others, footage=False)


if __name__ == "__main__":
    sys.exit(main())
