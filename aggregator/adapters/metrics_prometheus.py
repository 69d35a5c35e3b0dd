"""Counts for /metrics through prometheus-client; what can be asked for at any time is read when it is scraped."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

Labelled = Iterable[tuple[tuple[str, ...], float]]


class _Read(Collector):
    """A gauge whose values are read at each scrape."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], Labelled]) -> None:
        self._name, self._text, self._labels, self._read = name, text, labels, read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family


class _Lag(Collector):
    """A histogram that one thread writes. The library's own takes a lock for each bucket of each observation, which
    costs as much as decoding an event."""

    BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)

    def __init__(self) -> None:
        self._counts = [0] * (len(self.BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: Iterable[float]) -> None:
        counts, bounds = self._counts, self.BOUNDS
        for one in seconds:
            counts[bisect_left(bounds, one)] += 1
            self._sum += one

    def collect(self) -> Iterator[HistogramMetricFamily]:
        names = [*map(str, self.BOUNDS), "+Inf"]
        buckets = [(name, float(count)) for name, count in zip(names, accumulate(self._counts), strict=True)]
        text = "From the event on camera to its taking in, fresh events only."
        yield HistogramMetricFamily("jaga_ingest_lag_seconds", text, buckets=buckets, sum_value=self._sum)


class PrometheusMeter:
    """See aggregator.service.Meter. Own registry: two in one process do not disturb each other."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = Counter("jaga_events", "Events by what became of them.", ["outcome"], registry=self._registry)
        self._evidence = Counter(
            "jaga_evidence", "Pictures by what became of them.", ["outcome"], registry=self._registry
        )
        self._lag = _Lag()
        self._registry.register(self._lag)
        self._of = {outcome: self._events.labels(outcome) for outcome in ("stored", "duplicate", "quarantined")}
        for outcome in ("stored", "refused"):
            self._evidence.labels(outcome)

    def events(self, outcome: str, lags_s: Sequence[float | None]) -> None:
        self._of[outcome].inc(len(lags_s))
        self._lag.observe([max(0.0, lag_s) for lag_s in lags_s if lag_s is not None])

    def stored(self) -> int:
        """How many events since the start."""
        return int(self._of["stored"]._value.get())

    def evidence(self, outcome: str) -> None:
        self._evidence.labels(outcome).inc()

    def read(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], Labelled]) -> None:
        """Adds a gauge; `read` gives pairs of label values and value, and is called by the scraping thread."""
        self._registry.register(_Read(name, text, labels, read))

    def exposition(self) -> bytes:
        """Prometheus text format 0.0.4."""
        return generate_latest(self._registry)
