"""The aggregator for tests: whole, as a process of its own, or without a broker, inside the test."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta, timezone
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import pytest

from aggregator.accounts import Accounts, Policy
from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.metrics_prometheus import PrometheusMeter
from aggregator.adapters.passwords_argon2 import Argon2Passwords
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.report_pdf_fpdf2 import pdf
from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.adapters.store_reports import SqliteReports
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.api.access import Cookies
from aggregator.api.app import create_app
from aggregator.api.parts import Parts
from aggregator.api.people import People
from aggregator.config_people import HttpSection
from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.errors import StoreError
from aggregator.core.liveness import Fleet
from aggregator.core.ports import Message
from aggregator.core.report import Calendar
from aggregator.core.response import ResponseTargets
from aggregator.core.states import State
from aggregator.judges import Policies
from aggregator.lateness_meter import LatenessMeter
from aggregator.live import Live
from aggregator.reports import Reports, Rules
from aggregator.runtime import PLAIN, Server, listen
from aggregator.service import Fresh, Service
from aggregator.sign_on import SignOn
from contract import topics
from contract.events import Event
from tests.brokers import free_port, wait_until

NO_CAPS = CorrelationPolicy(reorder_s=0, delayed_after_s=1e12, quiet_s=1e12, max_age_s=1e12, memory_s=1e12)
"""Test events lie at fixed times in the past, and each is looked at as soon as it was taken."""


QUICK = Argon2Passwords(time_cost=1, memory_kib=8, parallelism=1)
"""Hashes that cost nothing."""


CLIENT = httpx.Client(verify=False, timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
"""`httpx.get` reads the certificates anew each time, which takes 20 ms of a processor. Nothing is kept open: the other
side is killed now and then."""


class Aggregator:
    """`jaga aggregator run` in `folder`; `stop` is SIGTERM, `kill` SIGKILL, `start` keeps port and data."""

    def __init__(self, folder: Path, broker: int, *, version: str = "auto", more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "aggregator.toml"
        self.config.write_text(
            f'[aggregator]\ndata_dir = "data"\n[http]\nport = {self.port}\n'
            f'[mqtt]\nport = {broker}\nversion = "{version}"\n{more}\n'
        )
        self.log = folder / "aggregator.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, connected: bool = True) -> Self:
        command = [sys.executable, "-m", "jaga", "aggregator", "run", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: self._healthy(connected), 120, self.log.read_text)
        return self

    def _healthy(self, connected: bool) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            answer = CLIENT.get(f"{self.url}/healthz", timeout=2)
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and (answer.json()["broker"] or not connected)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        return self._end(signal.SIGKILL)

    def get(self, path: str) -> Any:
        return CLIENT.get(f"{self.url}{path}").raise_for_status().json()

    def metric(self, name: str) -> float:
        """The value of the sample that begins with `name`; 0 where there is none."""
        text = CLIENT.get(f"{self.url}/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(20)
        self._process = None
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()


def store_fails(*_: object) -> None:
    """In place of one of the store's methods."""
    raise StoreError("aggregator.store_failed", path="x", detail="disk full")


def break_on(poison: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The correlation has a bug that this event comes upon."""
    step = Correlator.step

    def breaks(self: Correlator, events: list[Event], now: float, hushed: frozenset[str]) -> object:
        if poison in events:
            raise ZeroDivisionError("a bug")
        return step(self, events, now, hushed)

    monkeypatch.setattr(Correlator, "step", breaks)


@dataclass
class Desk:
    """Service, store and HTTP server without a broker; `now` is the clock that tests set."""

    folder: Path
    policy: CorrelationPolicy = NO_CAPS
    policies: Policies = field(default_factory=Policies)
    ring: int = 4096
    stream_clients: int = 1000
    people_policy: Policy = field(default_factory=Policy)
    secure: bool = False
    hosts: frozenset[str] = frozenset()
    port: int = 0
    http: HttpSection = PLAIN
    sign_on: Callable[["Desk"], SignOn] | None = None
    response: ResponseTargets = field(default_factory=ResponseTargets)
    archive: Path | None = None
    rules: Rules = field(default_factory=lambda: Rules(Calendar(timezone(timedelta(hours=7), "WIB"))))
    now: float = field(default_factory=time)
    url: str = ""
    clients: Callable[[], int] = lambda: 0

    def open(self) -> None:
        self.store = SqliteStore(self.folder / "jaga.sqlite")
        self.live = Live("boot", self.ring)
        self.meter = PrometheusMeter()
        fresh = Fresh(
            lambda fleet, trust: Correlator(self.policy, H3Cells(), fleet.locate, trust=trust, heard=fleet.heard),
            Fleet,
            self.policies,
        )
        self.lateness = LatenessMeter(self.meter, lambda: self.now)
        self.service = Service(self.store, fresh, self.live.publish, self.lateness, lambda: self.now)

        self.reports = SqliteReports(self.store)
        self.people = SqlitePeople(self.store)
        self.audit = SqliteAudit(self.store)
        self.accounts = Accounts(self.people, QUICK, self.people_policy, lambda: self.now)

    def parts(self) -> Parts:
        """What the API is made over."""
        return Parts(
            service=self.service,
            store=self.store,
            live=self.live,
            now=lambda: self.now,
            metrics=self.meter.exposition,
            broker=lambda: True,
            stream_clients=self.stream_clients,
            hosts=self.hosts,
            passwords=QUICK,
            people=People(
                accounts=self.accounts,
                store=self.people,
                audit=self.audit,
                policy=self.people_policy,
                cookies=Cookies(self.secure),
                now=lambda: self.now,
                signs_on=self.sign_on is not None,
                calendar=self.rules.calendar,
            ),
            reports=Reports(self.reports, self.service, self.store.silences, self.rules),
            printer=pdf,
            sign_on=self.sign_on(self) if self.sign_on else None,
            response=self.response,
            archive=self.archive,
            delay=self.lateness.delay,
        )

    def transition(self, incident: str, to: State, actor: str, reason: str) -> bytes:
        """A step of the lifecycle."""
        return self.service.act(incident, Deed(action="state", actor=actor, value=to, reason=reason))

    def take(self, *events: Event) -> None:
        """The events as one batch from the broker."""
        self.service.handle([self.message(event) for event in events])

    def message(self, event: Event) -> Message:
        topic = topics.event(event.data.site, event.data.camera)
        return Message(topic, msgspec.json.encode(event), event.time.timestamp())

    def incidents(self) -> list[dict[str, Any]]:
        """As the API shows them, newest first."""
        return [json.loads(view) for _, view in self.store.incident_views(limit=10_000)]


@contextmanager
def desk(folder: Path, *, static: Path | None = None, **more: Any) -> Iterator[Desk]:
    """A desk that serves HTTP on a free port."""
    one = Desk(folder, **more)
    one.open()
    parts = replace(one.parts(), stopping=lambda: server.should_exit)
    app = create_app(parts, *([static] if static else []))
    one.clients = lambda: int(app.state.waker.clients)
    listener = listen("127.0.0.1", one.port)
    one.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server.over(app, one.http)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 10, "uvicorn serves")
        yield one
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        one.store.close()
