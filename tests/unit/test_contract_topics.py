"""Topics are built and parsed in one place; what is not one of ours raises BadTopic."""

from collections.abc import Callable

import pytest

from contract import topics
from contract.errors import BadTopic
from contract.topics import Topic
from tests.samples import EPISODE

BUILT: list[tuple[str, str, Topic]] = [
    (topics.status("kota", "edge-1"), "jaga/v1/kota/edge-1/status", Topic("kota", "edge-1", "status")),
    (topics.health("kota", "edge-1"), "jaga/v1/kota/edge-1/health", Topic("kota", "edge-1", "health")),
    (topics.event("kota", "cam_7"), "jaga/v1/kota/cam_7/event", Topic("kota", "cam_7", "event")),
    (
        topics.evidence("kota", "cam_7", EPISODE),
        f"jaga/v1/kota/cam_7/evidence/{EPISODE}",
        Topic("kota", "cam_7", "evidence", EPISODE),
    ),
    (topics.config_desired("kota", "e"), "jaga/v1/kota/e/config/desired", Topic("kota", "e", "config/desired")),
    (topics.config_reported("kota", "e"), "jaga/v1/kota/e/config/reported", Topic("kota", "e", "config/reported")),
    (topics.command("kota", "e", "reload"), "jaga/v1/kota/e/command/reload", Topic("kota", "e", "command", "reload")),
    (topics.reply("kota", "e", EPISODE), f"jaga/v1/kota/e/reply/{EPISODE}", Topic("kota", "e", "reply", EPISODE)),
]


@pytest.mark.parametrize(("built", "wanted", "parsed"), BUILT, ids=[wanted for _, wanted, _ in BUILT])
def test_built_topics_parse_back(built: str, wanted: str, parsed: Topic) -> None:
    assert built == wanted
    assert topics.parse(built) == parsed
    assert str(parsed) == built


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "jaga",
        "jaga/v1/kota/edge-1",
        "jaga/v2/kota/edge-1/status",
        "/jaga/v1/kota/edge-1/status",
        "jaga/v1//edge-1/status",
        "jaga/v1/kota/edge-1/status/",
        "jaga/v1/kota/edge-1/status\n",
        "jaga/v1/kota/edge-1/Status",
        "jaga/v1/kota/edge 1/status",
        "jaga/v1/kota/+/status",
        "jaga/v1/kota/#",
        "jaga/v1/kota/edge-1/config",
        "jaga/v1/kota/edge-1/config/other",
        "jaga/v1/kota/cam/evidence",
        "jaga/v1/kota/cam/evidence/../../x",
        "jaga/v1/kota/cam/evidence/x\n",
        "jaga/v1/kota/e/command/a/b",
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(BadTopic) as caught:
        topics.parse(topic)
    assert caught.value.field == "topic"


@pytest.mark.parametrize("bad", ["", "+", "#", "a/b", "Kota", "a b", "-a", "a-", "é", "a\n", "a" * 65])
@pytest.mark.parametrize(
    "build",
    [
        lambda name: topics.status(name, "e"),
        lambda name: topics.health("kota", name),
        lambda name: topics.event("kota", name),
        lambda name: topics.evidence("kota", "cam", name),
        lambda name: topics.command("kota", "e", name),
        lambda name: topics.commands("kota", name),
        lambda name: topics.reply("kota", "e", name),
    ],
)
def test_names_that_could_change_a_topic_are_refused(build: Callable[[str], str], bad: str) -> None:
    with pytest.raises(BadTopic):
        build(bad)


def matches(filter_: str, topic: str) -> bool:
    """MQTT 5.0, section 4.7.1, for filters without '#'."""
    wanted, got = filter_.split("/"), topic.split("/")
    return len(wanted) == len(got) and all(a in ("+", b) for a, b in zip(wanted, got, strict=True))


def test_the_aggregator_hears_what_agents_say_and_not_what_it_says_itself() -> None:
    heard = {parsed.channel for built, _, parsed in BUILT if any(matches(f, built) for f in topics.AGGREGATOR_FILTERS)}
    assert heard == {"status", "health", "event", "evidence", "config/reported", "reply"}


def test_an_agent_hears_its_own_commands_only() -> None:
    assert matches(topics.commands("kota", "e"), topics.command("kota", "e", "reload"))
    assert not matches(topics.commands("kota", "e"), topics.command("kota", "f", "reload"))
