"""Absorbed incidents lead to the one that goes on, until that one is forgotten."""

from aggregator.core.lineage import Lineage


def test_a_chain_of_absorptions_leads_to_its_end() -> None:
    lineage = Lineage()
    lineage.note("a", "b")
    lineage.note("b", "c")
    assert [lineage.root(one) for one in "abcd"] == ["c", "c", "c", "d"]


def test_forgetting_the_root_forgets_all_that_it_absorbed_and_nothing_before() -> None:
    lineage = Lineage()
    lineage.note("a", "b")
    lineage.note("b", "c")
    lineage.forget("b")
    assert lineage.root("a") == "c"
    lineage.forget("c")
    assert [lineage.root(one) for one in "ab"] == ["a", "b"]
