"""The worked example of the design page is what the command prints."""

from benchmarks.correlation_example import example
from tests.data import ROOT

PAGE = ROOT / "docs" / "design" / "correlation.md"


def test_the_page_shows_what_the_command_prints() -> None:
    shown = PAGE.read_text("utf-8").split("<!-- example -->\n")[1].split("\n<!-- /example -->")[0]
    assert shown.splitlines() == list(example())
