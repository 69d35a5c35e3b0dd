"""The catalogue: both languages say the same, every key in code exists and gets its values, and none lies unused."""

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.errors import CodecError, ConfigError, JagaError, words
from contract.kinds import KINDS, SEVERITIES, Kind, KindInfo
from contract.sentence import of_error, sentence
from contract.texts import LANGUAGES, catalogue, language_of, text
from tests.data import ROOT

PACKAGES = ("contract", "edge_agent", "aggregator", "simulator", "jaga", "models", "benchmarks")
KEY = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+")
WEB = ROOT / "aggregator" / "web" / "src"


def python_files() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts]


def web_files() -> list[Path]:
    return [path for path in WEB.rglob("*") if path.suffix in (".ts", ".svelte")]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def error_classes(trees: list[ast.Module], root: str = "JagaError") -> set[str]:
    """The names of `root` and whatever derives from it anywhere in the code."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {root}
    while more := {name for name, parents in bases.items() if parents & known} - known:
        known |= more
    return known


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def sentences() -> Iterator[tuple[str, ast.Call, str]]:
    """Each call that renders or raises a sentence by a literal key: where, the call, the key."""
    files = python_files()
    trees = [ast.parse(path.read_text("utf-8")) for path in files]
    errors = error_classes(trees)
    for path, tree in zip(files, trees, strict=True):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args or called(node) not in errors | {"text", "sentence"}:
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and KEY.fullmatch(first.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node, first.value


def test_both_languages_have_the_same_placeholders() -> None:
    wrong = {
        key: texts
        for key, texts in catalogue().items()
        if set(texts) != set(LANGUAGES)
        or placeholders(texts["id"]) != placeholders(texts["en"])
        or not all(texts.values())
    }
    assert not wrong


def test_no_file_defines_a_key_twice() -> None:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({key for key, _ in pairs}) == len(pairs), [key for key, _ in pairs]
        return dict(pairs)

    for path in (ROOT / "contract" / "catalogue").glob("*.json"):
        json.loads(path.read_text("utf-8"), object_pairs_hook=unique)


def test_every_key_in_code_exists_and_gets_its_values() -> None:
    wrong = []
    codec_errors = error_classes([ast.parse(path.read_text("utf-8")) for path in python_files()], "CodecError")
    assert {cls.__name__ for cls in CodecError.__subclasses__()} <= codec_errors
    for where, call, key in sentences():
        if key not in catalogue():
            wrong.append(f"{where}: no such key: {key}")
            continue
        if any(keyword.arg is None for keyword in call.keywords):
            continue
        given = {keyword.arg for keyword in call.keywords} | ({"field"} if called(call) in codec_errors else set())
        missing = placeholders(catalogue()[key]["en"]) - given
        if missing:
            wrong.append(f"{where}: {key} lacks {sorted(missing)}")
    assert not wrong, "\n".join(wrong)


def test_every_key_in_the_page_exists() -> None:
    named = {
        (path.name, key)
        for path in web_files()
        for key in re.findall(r"""\bt\(\s*["'`]([a-z][a-zA-Z0-9_.-]*)["'`]""", path.read_text("utf-8"))
    }
    assert {(file, key) for file, key in named if key not in catalogue()} == set()


def test_no_key_lies_unused() -> None:
    """Used: named as a literal, or begun by a template such as f"kind.{kind}"."""
    sources = "\n".join(path.read_text("utf-8") for path in python_files() + web_files())
    literals = set(re.findall(r"""["'`]([a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+)["'`]""", sources))
    prefixes = tuple(set(re.findall(r"""["'`]([a-z][a-z0-9_-]*\.(?:[a-z0-9_.-]*))\$?\{""", sources)))
    prefixes += tuple(f"{prefix}." for prefix in re.findall(r"""named\(\s*["'`]([a-z._-]+)["'`]""", sources))
    unused = [key for key in catalogue() if key not in literals and not key.startswith(prefixes)]
    assert not unused


def test_every_kind_has_its_entry_and_its_title() -> None:
    assert set(KINDS) == set(Kind)
    for kind, info in KINDS.items():
        assert KindInfo.title_key(kind) in catalogue()
        assert info.severity in SEVERITIES
        assert info.radius_m >= 0
        assert info.window_s > 0


def test_an_error_reads_in_the_readers_language() -> None:
    error = CodecError("codec.missing_field", "$.id")
    assert error.render("id") == "$.id: wajib ada tetapi tidak ditemukan"
    assert str(error) == "$.id: required but missing"


def test_values_may_be_called_as_they_like() -> None:
    """A config error's sentence names a key and a value; the parameters of the constructor must not be in their way."""
    error = ConfigError("codec.malformed", key="fps", language="en", self=1, field="$", detail="{braces} stay")
    assert error.values["key"] == "fps"
    assert error.render("en") == "$: not valid JSON ({braces} stay)"


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(28, "No space left on device"), "No space left on device"), (OSError("cut off"), "cut off")],
)
def test_an_error_of_the_system_always_has_words(error: OSError, said: str) -> None:
    assert words(error) == said
    assert words(OSError()) == "OSError"


def test_an_unknown_key_or_a_missing_value_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        text("no.such_key", "id")
    with pytest.raises(KeyError):
        JagaError("codec.missing_field").render("en")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "id_ID.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "JAGA_LANG": "id"}, "id"),
        ({"LANG": "", "LC_MESSAGES": "id_ID"}, "id"),
    ],
)
def test_language_follows_the_environment(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_a_value_that_is_a_sentence_is_said_in_the_same_language() -> None:
    why = sentence("camera.no_file")
    error = JagaError("edge.source.open", camera="gate", source="a.mp4", detail=why)
    assert error.render("id") == "kamera gate: a.mp4 tidak dapat dibuka (berkas tidak ditemukan)"
    assert str(error) == "camera gate: a.mp4 cannot be opened (no such file)"
    travelled = of_error(error)
    assert travelled is not None
    assert travelled.render("id") == "kamera gate: a.mp4 tidak dapat dibuka (no such file)"
