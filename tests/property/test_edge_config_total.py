"""Whatever is written into a config: a config comes out, or a ConfigError that can be told in both languages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import ConfigError
from contract.texts import LANGUAGES
from edge_agent.config import load, parse
from edge_agent.config_sections import EdgeConfig

KEYS = st.sampled_from(
    [
        "agent",
        "mqtt",
        "camera",
        "id",
        "site",
        "source",
        "fps",
        "masks",
        "zone",
        "line",
        "rule",
        "polygon",
        "start",
        "end",
        "kind",
        "schedule",
        "severity",
        "location",
        "lat",
        "lon",
        "motion",
        "threshold",
        "dwell_s",
        "count",
        "classes",
        "x",
    ]
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["intrusion", "crowd", "z", "line_crossing", "mon 10:00-11:00", "Asia/Jakarta", "../..", ""]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
CAMERA = st.fixed_dictionaries(
    {"id": st.just("c"), "source": st.just("v")},
    optional={
        "zone": st.lists(st.fixed_dictionaries({"id": st.just("z"), "polygon": VALUES}), max_size=2),
        "rule": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=2),
        "masks": VALUES,
        "location": VALUES,
        "motion": VALUES,
        "line": VALUES,
    },
)


def as_toml(value: Any) -> str:
    """Inline TOML of nested values; JSON's escapes are TOML's, but for surrogates."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=True).replace("\\/", "/")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return str(value)


def outcome(read: Callable[[], EdgeConfig]) -> EdgeConfig | ConfigError:
    try:
        return read()
    except ConfigError as error:
        return error


def check(read: Callable[[], EdgeConfig]) -> None:
    result = outcome(read)
    if isinstance(result, ConfigError):
        assert all("e.toml" in result.render(language) for language in LANGUAGES)
    else:
        assert isinstance(result, EdgeConfig)


def check_text(text: str) -> None:
    check(lambda: parse(text, Path("e.toml")))


@given(st.dictionaries(KEYS, VALUES, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_document(document: dict[str, Any]) -> None:
    check_text("".join(f"{key} = {as_toml(value)}\n" for key, value in document.items()))


@given(st.lists(CAMERA, max_size=3))
@settings(max_examples=150, deadline=None)
def test_almost_right_cameras(cameras: list[dict[str, Any]]) -> None:
    check_text(f'agent = {{site = "s", id = "a"}}\ncamera = {as_toml(cameras)}\n')


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    check_text(text)


def test_any_bytes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"

    @given(st.binary(max_size=200))
    @settings(max_examples=50, deadline=None)
    def any_bytes(content: bytes) -> None:
        path.write_bytes(content)
        check(lambda: load(path))

    any_bytes()


def test_depth_and_size_do_not_break_it() -> None:
    check_text("agent = " + "[" * 100_000)
    check_text("agent = " + "9" * 10_000)
