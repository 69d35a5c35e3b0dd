"""What has to be so before anybody is let in: accounts before other machines, and a trace of each config."""

import structlog

from aggregator.config import AggregatorConfig
from aggregator.core.audit import AuditQuery, End
from aggregator.core.people import AuditStore, PeopleStore
from contract.errors import ConfigError

ANCHOR_S = 3_600.0
log = structlog.get_logger()


def check_exposure(config: AggregatorConfig, people: PeopleStore) -> None:
    """Raises ConfigError where other machines could reach an API that asks nobody who he is."""
    if config.http.loopback or config.accounts.required or people.any_user():
        return
    raise ConfigError("aggregator.config_not_loopback", file=str(config.path), key="http.host", value=config.http.host)


def note_config(config: AggregatorConfig, people: PeopleStore, audit: AuditStore, now: float) -> None:
    """A record of the config that runs from now on, where it is another than before."""
    latest = audit.newest(AuditQuery(limit=1, action="config.change"))
    if not latest or latest[0].object != config.digest:
        people.note([(now, "system", "config.change", config.digest, str(config.path))])


class Anchors:
    """The end of the audit log's chain, once an hour, as a line of the process's own log: whoever rewrites the database
    has to rewrite that as well."""

    def __init__(self) -> None:
        self._noted, self._due = End(), 0.0

    def note(self, end: End, now: float) -> None:
        if now >= self._due and end != self._noted:
            self._noted, self._due = end, now + ANCHOR_S
            log.info("audit_anchor", anchor=str(end))
