"""Errors that a person reads: a catalogue key with values, rendered in the reader's language."""

from typing import Protocol, runtime_checkable

from contract.texts import Language, text


def words(error: OSError) -> str:
    """What went wrong, in the system's words; of an error that was not the system's, its own words or its name."""
    return error.strerror or str(error) or type(error).__name__


@runtime_checkable
class Rendered(Protocol):
    """What a person reads in his own language."""

    def render(self, language: Language) -> str: ...


class JagaError(Exception):
    """Anything wrong that a user can act on.

    `key` is a catalogue key (see contract.texts); `values` fill its placeholders, and one that is a sentence itself is
    said in the same language. `str()` is English, for logs;
    the command line and the page render it in the reader's language.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def render(self, language: Language) -> str:
        said = {name: one.render(language) if isinstance(one, Rendered) else one for name, one in self.values.items()}
        return text(self.key, language, **said)

    def __str__(self) -> str:
        return self.render("en")


class ConfigError(JagaError):
    """A configuration that cannot be used: exit code 2."""


class CodecError(JagaError):
    """A payload that was refused. `field` is the JSON path of what is wrong ("$" for the whole)."""

    def __init__(self, key: str, field: str, /, **values: object) -> None:
        super().__init__(key, field=field, **values)
        self.field = field


class MalformedPayload(CodecError):
    """Not JSON at all."""


class MissingField(CodecError):
    """A required field is absent."""


class WrongType(CodecError):
    """A field has a type, format or range that the contract does not allow."""


class UnknownKind(CodecError):
    """An anomaly kind that contract.kinds does not list."""


class AbsurdTime(CodecError):
    """A time no camera of a running system can have meant."""


class OversizedPayload(CodecError):
    """More bytes than contract.codec.MAX_PAYLOAD_BYTES."""


class Inconsistent(CodecError):
    """Fields that contradict each other or the topic they came on."""


class BadTopic(CodecError):
    """A topic that is not one of ours."""
