"""Composition: store, broker, service and HTTP server in one process."""

import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time

import structlog
import uvicorn
from fastapi import FastAPI

from aggregator.accounts import Accounts
from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.metrics_prometheus import PrometheusMeter
from aggregator.adapters.mqtt_ingest_paho import PahoIngest
from aggregator.adapters.oidc_authlib import AuthlibProvider
from aggregator.adapters.passwords_argon2 import Argon2Passwords
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.adapters.store_reports import SqliteReports
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.api.access import Cookies
from aggregator.api.app import create_app
from aggregator.api.parts import Parts
from aggregator.api.people import People
from aggregator.config import AggregatorConfig
from aggregator.config_people import HttpSection, Oidc
from aggregator.core.correlation import Correlator
from aggregator.core.errors import BrokerError, ListenError, StoreError
from aggregator.core.liveness import Fleet
from aggregator.core.report_sheet import Paper
from aggregator.core.severity import Places
from aggregator.core.states import STATES
from aggregator.core.witness import Trust
from aggregator.exposure import Anchors, check_exposure, note_config
from aggregator.folder import data_folder
from aggregator.geojson import load_cameras, load_places
from aggregator.lateness_meter import LatenessMeter
from aggregator.live import Live
from aggregator.pump import Pump
from aggregator.reports import Reports, Rules
from aggregator.service import Fresh, Service
from aggregator.sign_on import Mapped, SignOn
from contract.ids import uuid7

MOST_CONNECTIONS = 900
"""HTTP connections at once; who comes then gets 503. The MQTT library waits with select(), which knows no handle from
1024 on: with more pages open, a lost broker could not be connected to again."""
SWITCH_S = 0.001
YOUNG = 20_000
"""Objects that may form cycles, made since the last round, before the next one."""
PLAIN = HttpSection()
log = structlog.get_logger()


class Aggregator:
    """Everything but the HTTP server; `with` starts and stops it."""

    def __init__(self, config: AggregatorConfig) -> None:
        self.config = config
        self.live = Live(uuid7(int(time() * 1000), os.urandom(10)))
        self.meter = PrometheusMeter()
        self._registry = load_cameras(config.cameras) if config.cameras else ()
        self._places = Places(load_places(config.places), H3Cells()) if config.places else Places()
        self.store = SqliteStore(config.data_dir / "jaga.sqlite")
        fresh = Fresh(correlator=self._correlator, fleet=self._fleet, policies=config.policies)
        self.lateness = LatenessMeter(self.meter, time)
        self.service = Service(self.store, fresh, self.live.publish, self.lateness, time)
        self.people, self.audit = SqlitePeople(self.store), SqliteAudit(self.store)
        self.reports = SqliteReports(self.store)
        self._began = time()
        self.passwords = Argon2Passwords()
        self.accounts = Accounts(self.people, self.passwords, config.accounts, time)
        self.sign_on = self._provider(config.oidc) if config.oidc else None
        self.ingest = PahoIngest(config.mqtt, on_refused=self._refused)
        self.pump = Pump(self.ingest, self.service, config.retention, self._tidy)
        self._anchors = Anchors()
        self.refusal: BrokerError | None = None
        self._gauges()

    def __enter__(self) -> "Aggregator":
        check_exposure(self.config, self.people)
        note_config(self.config, self.people, self.audit, time())
        self._began = time()
        self.reports.alive(self._began, self._began)
        self.pump.start()
        self.ingest.start(self.pump.sink, self.pump.full)
        return self

    def __exit__(self, *_: object) -> None:
        self.ingest.close()
        self.pump.stop()
        try:
            self.reports.alive(self._began, time())
        except StoreError as error:
            log.error("store_failed", error=str(error))
        self.store.close()

    def _provider(self, oidc: Oidc) -> SignOn:
        section = oidc.section
        provider = AuthlibProvider(
            section.issuer, section.client_id, oidc.secret, oidc.callback, section.scopes, section.signed_with
        )
        mapped = Mapped(section.roles, section.role_claim, section.name_claim, section.district_claim)
        return SignOn(provider, mapped, self.accounts, self.people, self.config.accounts, time)

    def _tidy(self) -> None:
        """Forgets old sessions, notes that we still run, and writes the audit log's end where the store cannot change
        it: into the log."""
        self.accounts.tidy()
        self._anchors.note(self.audit.ends()[1], time())
        self.reports.alive(self._began, time())

    def _fleet(self) -> Fleet:
        fleet = Fleet({camera.key: camera.view for camera in self._registry if camera.view is not None})
        for camera in self._registry:
            fleet.restore(camera)
        return fleet

    def _correlator(self, fleet: Fleet, trust: Trust) -> Correlator:
        return Correlator(self.config.policy, H3Cells(), fleet.locate, self._places, trust, fleet.heard)

    def _refused(self, error: BrokerError) -> None:
        self.refusal = error

    def _gauges(self) -> None:
        read = self.meter.read
        read("jaga_incidents", "Incidents in the store.", ("state",), self._states)
        read("jaga_store_queue", "Writes that wait.", (), lambda: [((), float(self.store.queue_depth()))])
        read("jaga_ingest_queue", "Messages that wait.", (), lambda: [((), float(self.pump.depth()))])
        read("jaga_broker_connected", "1 while connected.", (), lambda: [((), float(self.ingest.connected))])
        agent = ("site", "agent")
        read("jaga_sequence_missing", "Events that were sent and have not come yet.", agent, self._missing)
        read("jaga_events_lost", "Events that were sent, never came and are gone for good.", agent, self._lost)

    def _states(self) -> list[tuple[tuple[str, ...], float]]:
        counts = self.store.count_by_state()
        return [((state,), float(counts.get(state, 0))) for state in STATES]

    def _missing(self) -> list[tuple[tuple[str, ...], float]]:
        return [(key, float(known.gaps)) for key, known in sorted(self.service.gaps().items())]

    def _lost(self) -> list[tuple[tuple[str, ...], float]]:
        return [(key, float(known.numbers.lost_for_good)) for key, known in sorted(self.service.gaps().items())]


def listen(host: str, port: int) -> socket.socket:
    """Raises ListenError with a sentence that names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        key = "aggregator.port_in_use" if error.errno == errno.EADDRINUSE else "aggregator.cannot_listen"
        raise ListenError(key, host=host, port=port, detail=str(error)) from error
    return listener


class Server(uvicorn.Server):
    """Leaves signals to whoever runs it; lets live streams end at once."""

    @classmethod
    def over(cls, app: FastAPI, http: HttpSection = PLAIN) -> "Server":
        logging.getLogger("uvicorn.error").addFilter(_no_dropped_client)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            ssl_certfile=http.tls_cert,
            ssl_keyfile=http.tls_key,
            proxy_headers=bool(http.proxies),
            forwarded_allow_ips=list(http.proxies),
        )
        return cls(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _no_dropped_client(record: logging.LogRecord) -> bool:
    """A live stream that is broken off because its client reads nothing is no error of the server."""
    return record.msg != "ASGI callable returned without completing response."


def steady() -> None:
    """What has been made up to here stays: the collector of cycles need not look through it again and again, and looks
    less often at what comes. Each of its rounds holds up everything. And threads that wait for the interpreter get it
    sooner: the store's needs it for a moment with each statement, while the next batch is reckoned with."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 20)


def run(config: AggregatorConfig, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Until SIGINT or SIGTERM. `ready(url)` is called once it listens. Raises JagaError."""
    with data_folder(config.data_dir):
        listener = listen(config.http.host, config.http.port)
        with listener, Aggregator(config) as aggregator:
            server = serve(aggregator)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: setattr(server, "should_exit", True))
            host, port = listener.getsockname()[:2]
            local = f"http{'s' if config.http.tls_cert else ''}://{f'[{host}]' if ':' in host else host}:{port}"
            ready(f"{config.http.public_url or local}/")
            steady()
            server.run(sockets=[listener])


def _pdf(paper: Paper) -> bytes:
    """Its library takes long to load, and is of use to who prints."""
    from aggregator.adapters.report_pdf_fpdf2 import pdf

    return pdf(paper)


def _rules(config: AggregatorConfig) -> Rules:
    return Rules(config.calendar, config.response, config.policies.load, config.accounts.districts)


def serve(aggregator: Aggregator) -> Server:
    """The HTTP server over a running aggregator; `.run(sockets=[...])` serves, `.should_exit = True` ends it."""
    parts = Parts(
        service=aggregator.service,
        store=aggregator.store,
        live=aggregator.live,
        now=time,
        metrics=aggregator.meter.exposition,
        broker=lambda: aggregator.ingest.connected,
        stopping=lambda: server.should_exit,
        stream_clients=aggregator.config.http.stream_clients,
        hosts=aggregator.config.http.names,
        passwords=aggregator.passwords,
        people=People(
            accounts=aggregator.accounts,
            store=aggregator.people,
            audit=aggregator.audit,
            policy=aggregator.config.accounts,
            cookies=Cookies(secure=aggregator.config.http.secure),
            now=time,
            signs_on=aggregator.sign_on is not None,
            calendar=aggregator.config.calendar,
        ),
        reports=Reports(aggregator.reports, aggregator.service, aggregator.store.silences, _rules(aggregator.config)),
        printer=_pdf,
        sign_on=aggregator.sign_on,
        response=aggregator.config.response,
        map=aggregator.config.map,
        archive=aggregator.config.archive,
        delay=aggregator.lateness.delay,
    )
    app = create_app(parts)
    aggregator.meter.read("jaga_stream_clients", "Live streams.", (), lambda: [((), float(app.state.waker.clients))])
    server = Server.over(app, aggregator.config.http)
    return server
