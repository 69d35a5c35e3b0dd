"""axe-core on a page: what an automatic look at accessibility finds (WCAG 2.2 A and AA, and axe's good practice)."""

from typing import Any

from playwright.sync_api import Page

from tests.data import ROOT

SOURCE = ROOT / "aggregator" / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async (only) => {
  const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
  return found.violations.flatMap(({id, nodes}) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} ${node.failureSummary}`));
}"""


def violations(page: Page, colours_alone: bool = False) -> list[str]:
    """One line for each element and rule; empty where all is well. What is half faded in is waited for."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text("utf-8"))
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))")
    rules = {"type": "rule", "values": ["color-contrast"]}
    found: list[Any] = page.evaluate(_RUN, rules if colours_alone else {"type": "tag", "values": TAGS})
    return [str(one) for one in found]
