"""One catalogue of every sentence a person reads, Indonesian and English.

The catalogue is the JSON files of contract/catalogue/, each `{key: {"id": ..., "en": ...}}`; the page's build reads the
same files. Placeholders are `{name}`.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """Every key with its text in each language.

    Raises ValueError if two files define the same key.
    """
    merged: dict[str, dict[Language, str]] = {}
    for part in sorted((files("contract") / "catalogue").iterdir(), key=lambda item: item.name):
        if not part.name.endswith(".json"):
            continue
        for key, texts in json.loads(part.read_text("utf-8")).items():
            if key in merged:
                raise ValueError(f"{part.name} defines {key} again")
            merged[key] = texts
    return merged


def text(key: str, language: Language, /, **values: object) -> str:
    """The sentence for `key`. Raises KeyError for an unknown key or a missing value."""
    return catalogue()[key][language].format(**values)


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """The reader's language: JAGA_LANG, else the locale's; English where neither says Indonesian."""
    for name in ("JAGA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            return "id" if value.lower().startswith("id") else "en"
    return "en"


def help_text(key: str, /, **values: object) -> str:
    """What `--help` says of a command, option or argument, in the reader's language. Raises KeyError as `text` does."""
    return text(f"commands.help.{key}", language_of(), **values)
