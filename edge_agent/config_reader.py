"""TOML values to typed fields: each thing that does not fit becomes a Problem with its key path, and reading goes on,
so that somebody who edits a config sees all of its mistakes at once."""

import difflib
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from contract.errors import ConfigError
from contract.texts import Language, text
from edge_agent.config_sections import Range, limit

T = TypeVar("T")
Table = Mapping[str, Any]
BAD = object()
"""What a conversion returns after it has reported a problem."""

_PLAIN: dict[Any, str] = {bool: "true / false", int: "1, 2, 3 ...", float: "0.5, 1, 2 ...", str: '"..."', Path: '"..."'}
_SHOWN = 80


class Problem(NamedTuple):
    """One thing wrong: a catalogue key and the values of its placeholders (`at` is the key path)."""

    key: str
    values: dict[str, object]

    def render(self, language: Language) -> str:
        return text(self.key, language, **self.values)


class EdgeConfigError(ConfigError):
    """Everything that is wrong with one config file; `problems` has at least one entry. cameras: their names, in the
    file's order: nobody counts to camera[17]."""

    def __init__(self, file: Path, problems: tuple[Problem, ...], cameras: tuple[str, ...] = ()) -> None:
        super().__init__("edge.config.problems", file=str(file), count=len(problems))
        self.problems = problems
        self.cameras = cameras

    def render(self, language: Language) -> str:
        return "\n".join(
            f"{self.values['file']}: {self._whose(problem, language)}{problem.render(language)}"
            for problem in self.problems
        )

    def _whose(self, problem: Problem, language: Language) -> str:
        found = re.match(r"camera\[(\d+)\]", str(problem.values["at"]))
        name = self.cameras[int(found[1])] if found and int(found[1]) < len(self.cameras) else ""
        return text("edge.config.whose", language, camera=name) if name else ""


@dataclass(slots=True)
class Problems:
    """Collects what is wrong while a config is read."""

    found: list[Problem] = field(default_factory=list)

    def add(self, key: str, at: str, **values: object) -> None:
        self.found.append(Problem(f"edge.config.{key}", {"at": at, **values}))


def show(value: object) -> str:
    """`value` as a person would find it in the file, cut short."""
    shown = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


def join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def table_of(value: object, at: str, problems: Problems) -> Table | None:
    if isinstance(value, dict):
        return value
    # A table of one in an array has no header that names it.
    problems.add("type", at, value=show(value), allowed="{ key = value, ... }" if "[" in at else f"[{at}]")
    return None


def tables_of(value: object, at: str, problems: Problems) -> list[tuple[str, Table]]:
    """The tables of an array of tables with their key paths, counted from 0 as in `camera[0]`."""
    if not isinstance(value, list):
        problems.add("type", at, value=show(value), allowed=f"[[{at}]]")
        return []
    found = []
    for index, item in enumerate(value):
        path = f"{at}[{index}]"
        table = table_of(item, path, problems)
        if table is not None:
            found.append((path, table))
    return found


def check_unknown(table: Table, allowed: Iterable[str], at: str, problems: Problems) -> None:
    names = sorted(allowed)
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)
            problems.add("unknown", join(at, show(key).strip('"')), nearest=near[0], allowed=", ".join(names))


def read_fields(
    cls: type, table: Table, at: str, problems: Problems, skip: Iterable[str] = ()
) -> dict[str, Any] | None:
    """The converted values of `cls`'s fields that `table` has; None where one is bad or a required one is missing."""
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    complete = True
    for item in fields(cls):
        if item.name in skip:
            continue
        if item.name not in table:
            if item.default is MISSING and item.default_factory is MISSING:
                problems.add("missing", join(at, item.name))
                complete = False
            continue
        value = convert(hints[item.name], table[item.name], join(at, item.name), problems, limit(cls, item.name))
        complete = complete and value is not BAD
        values[item.name] = value
    return values if complete else None


def read_section(cls: type[T], table: object, at: str, problems: Problems) -> T | None:
    """A flat section, all of whose keys are fields of the dataclass `cls`."""
    mapping = table_of(table, at, problems)
    if mapping is None:
        return None
    check_unknown(mapping, [item.name for item in fields(cls)], at, problems)  # type: ignore[arg-type]
    values = read_fields(cls, mapping, at, problems)
    return None if values is None else cls(**values)


def convert(hint: Any, value: object, at: str, problems: Problems, allowed: Range | None = None) -> Any:
    """`value` as `hint` (bool, int, float, str, Path, Literal, Optional, tuple) or BAD with a problem reported."""
    origin = get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        inner = next(arg for arg in get_args(hint) if arg is not type(None))
        return convert(inner, value, at, problems, allowed)
    if origin is Literal:
        if value in get_args(hint):
            return value
        problems.add("choice", at, value=show(value), allowed=", ".join(f'"{name}"' for name in get_args(hint)))
        return BAD
    if origin is tuple:
        return _convert_tuple(hint, value, at, problems, allowed)
    return _convert_plain(hint, value, at, problems, allowed)


def _convert_tuple(hint: Any, value: object, at: str, problems: Problems, allowed: Range | None) -> Any:
    inner, *rest = get_args(hint)
    endless = rest == [Ellipsis]
    if not isinstance(value, list) or (not endless and len(value) != len(get_args(hint))):
        problems.add("type", at, value=show(value), allowed=_example(hint))
        return BAD
    items = [convert(inner, item, f"{at}[{index}]", problems, allowed) for index, item in enumerate(value)]
    return BAD if any(item is BAD for item in items) else tuple(items)


def _example(hint: Any) -> str:
    """What a list of this type looks like in the file."""
    if get_origin(hint) is not tuple:
        return "x" if hint in (int, float) else _PLAIN[str]
    items = [_example(one) if one is not Ellipsis else "..." for one in get_args(hint)]
    return f"[{', '.join(items)}]"


def _convert_plain(hint: Any, value: object, at: str, problems: Problems, allowed: Range | None) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        # A TOML integer may be larger than any float.
        value = float(value) if abs(value) < 1 << 1000 else math.inf
    wanted = str if hint is Path else hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        problems.add("type", at, value=show(value), allowed=_PLAIN[hint])
        return BAD
    if isinstance(value, float) and not math.isfinite(value):
        problems.add("range", at, value=show(value), allowed=str(allowed or Range(None, None)))
        return BAD
    if allowed is not None and isinstance(value, int | float) and value not in allowed:
        problems.add("range", at, value=show(value), allowed=str(allowed))
        return BAD
    if isinstance(value, str) and "\x00" in value:
        problems.add("type", at, value=show(value.replace("\x00", "\\0")), allowed=_PLAIN[hint])
        return BAD
    return Path(value) if hint is Path else value
