"""Docs lead nowhere false: every relative link has its file, every heading it points at exists."""

import re
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.data import ROOT

FILES = sorted(
    {*ROOT.glob("*.md"), *(path for part in ("benchmarks", "docs", "models") for path in (ROOT / part).rglob("*.md"))}
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MACHINE = re.compile("|".join(re.escape(f"{place}/") for place in (Path.home(), Path(gettempdir()))))


def anchors(text: str) -> set[str]:
    """GitHub's anchors: lower case, punctuation dropped, spaces to hyphens."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    wrong = []
    for target in LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        if not linked.exists() or (anchor and anchor not in anchors(linked.read_text("utf-8"))):
            wrong.append(target)
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docs_name_no_path_of_one_machine(path: Path) -> None:
    assert MACHINE.findall(path.read_text("utf-8")) == []


def test_every_decision_is_listed_by_its_heading() -> None:
    index = (ROOT / "docs/design/decisions.md").read_text("utf-8")
    listed = re.findall(r"^- \[(.+)\]\(decisions/(\w+)\.md#[^)]+\)$", index, re.MULTILINE)
    written = [
        (heading, path.stem)
        for path in (ROOT / "docs/design/decisions").glob("*.md")
        for heading in re.findall(r"^## +(.+?) *$", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(written) > 40
    assert sorted(listed) == sorted(written)
