"""Errors of the aggregator that a person reads; the sentences are in contract/catalogue/aggregator.json."""

from contract.errors import JagaError


class StoreError(JagaError):
    """The store cannot be opened, or a commit failed and wrote nothing."""


class BrokerError(JagaError):
    """The broker refuses this client for good (wrong password, not allowed)."""


class ListenError(JagaError):
    """The HTTP address cannot be listened on."""
