"""A sentence of the catalogue on the wire: whoever reads it says it in his own language.

It travels beside the same in English, which is for readers that do not have its key: they are older than its writer.
A value whose name ends in `_s` is a duration in seconds; each reader writes it, and numbers, as his language does.
"""

from collections.abc import Callable
from string import Formatter
from typing import Annotated

from msgspec import Meta, Struct

from contract.errors import JagaError, Rendered
from contract.ids import LAST
from contract.texts import Language, catalogue, text

LONGEST = 500
"""Characters of a value."""
LARGEST = 2**53
"""Of a whole number: the largest that is one for every reader of JSON (RFC 8259, 6)."""
Value = Annotated[str, Meta(max_length=LONGEST)] | Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | float


class Sentence(Struct, frozen=True, kw_only=True):
    """key: of contract/catalogue. values: what fills its placeholders."""

    key: Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_.-]{{0,79}}${LAST}")]
    values: Annotated[dict[Annotated[str, Meta(max_length=40)], Value], Meta(max_length=16)] = {}

    def render(self, language: Language) -> str:
        """For the terminal of whoever wrote it. Raises KeyError where it is not `known`."""
        return said(self, language, _plain)


def sentence(key: str, /, **values: object) -> Sentence:
    """Numbers up to LARGEST stay numbers; whatever else a value is travels as its text, cut to LONGEST."""
    return Sentence(key=key, values={name: _travels(value) for name, value in values.items()})


def of_error(error: Exception) -> Sentence | None:
    """What an error says; None where it is none of ours and has only its own words."""
    return sentence(error.key, **error.values) if isinstance(error, JagaError) else None


def known(one: Sentence) -> bool:
    """Whether this reader's catalogue has the key, and each placeholder its value."""
    texts = catalogue().get(one.key)
    return texts is not None and all(_placeholders(words) <= set(one.values) for words in texts.values())


def said(one: Sentence, language: Language, written: Callable[[str, int | float], str]) -> str:
    """written: a number as the language writes it, from its name. Raises KeyError where it is not `known`."""
    values = {name: v if isinstance(v, str) else written(name, v) for name, v in one.values.items()}
    return text(one.key, language, **values)


def english(one: Sentence | None) -> str:
    """For logs, and for readers without the key; "" for nothing."""
    return "" if one is None else said(one, "en", _plain)


def _plain(name: str, value: int | float) -> str:
    shown = str(value) if isinstance(value, int) else f"{value:.1f}"
    return f"{shown} s" if name.endswith("_s") else shown


def _travels(value: object) -> str | int | float:
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST):
        return value
    return (value.render("en") if isinstance(value, Rendered) else str(value))[:LONGEST]


def _placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}
