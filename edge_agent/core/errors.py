"""What can go wrong around the core, for the person who has to act on it."""

from contract.errors import JagaError


class SourceError(JagaError):
    """A camera's pictures cannot be had. Its source is named without credentials (catalogue keys edge.source.*)."""


class SpoolError(JagaError):
    """Events cannot be kept on disk (catalogue keys edge.spool.*)."""


class CommandRefused(JagaError):
    """What an agent is asked for and cannot do (catalogue keys edge.command.*)."""


class OutputError(JagaError):
    """What was found cannot be written: a video, or lines (catalogue keys analyze.*)."""
