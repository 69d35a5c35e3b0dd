"""Events on their way to the spool: in order, durable before the next picture of their camera, and kept where the disk
refuses them for a while."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import structlog

from contract.errors import CodecError
from contract.events import Event
from edge_agent.core.errors import SpoolError
from edge_agent.core.ports import Spool
from edge_agent.runtime_evidence import Output

log = structlog.get_logger()

MOST_UNSAVED = 200
"""Events held in memory while the disk refuses them; beyond it the oldest is lost, with an error in the log."""


class Outbox:
    """Any thread. stored: called when events were handed in. config_hash: of what holds now."""

    def __init__(self, spool: Spool, stored: Callable[[], None], config_hash: Callable[[], str]) -> None:
        self._spool = spool
        self._stored = stored
        self._config_hash = config_hash
        self._lock = threading.Lock()
        self._unsaved: deque[Output] = deque()

    def store(self, outputs: Sequence[Output]) -> None:
        """What the disk refuses waits here, and is tried again before all that comes after it."""
        if not outputs:
            return
        with self._lock:
            self._unsaved.extend(outputs)
            refused = self._save()
            if refused:
                log.warning("spool_refused", waiting=len(self._unsaved), reason=refused)
            while len(self._unsaved) > MOST_UNSAVED:
                self._lost(self._unsaved.popleft().event, refused)
        self._stored()

    @property
    def refused(self) -> bool:
        """Whether events wait here because the disk takes none."""
        return bool(self._unsaved)

    def retry(self) -> None:
        """Tries again what waits."""
        if self._unsaved:
            with self._lock:
                self._save()

    def give_up(self) -> None:
        for output in self._unsaved:
            self._lost(output.event, "the disk refused it to the end")

    def _save(self) -> str:
        """Why what is left was refused."""
        while self._unsaved:
            output = self._unsaved[0]
            event = self._with_hash(output.event)
            try:
                stored = self._spool.append(event, output.evidence)
            except CodecError as error:
                self._lost(event, str(error))
            except SpoolError as error:
                return str(error)
            else:
                log.info("event", id=stored.id, type=stored.type, camera=stored.data.camera, sequence=stored.sequence)
            self._unsaved.popleft()
        return ""

    def _lost(self, event: Event, reason: str) -> None:
        log.error("event_lost", id=event.id, type=event.type, reason=reason)

    def _with_hash(self, event: Event) -> Event:
        """An unchanged camera runs on through a reload; its events name the config that holds now."""
        config_hash = self._config_hash()
        if event.data.why.config_hash == config_hash:
            return event
        why = msgspec.structs.replace(event.data.why, config_hash=config_hash)
        return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, why=why))
