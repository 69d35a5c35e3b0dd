"""parse undoes build; no string makes parse raise anything but BadTopic."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from contract import topics
from contract.errors import BadTopic
from contract.texts import LANGUAGES
from contract.topics import Channel, Topic

names = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?", fullmatch=True)
WITH_LEAF = ("evidence", "command", "reply")


@st.composite
def parsed(draw: st.DrawFn) -> Topic:
    channel = draw(st.sampled_from(get_args(Channel)))
    return Topic(draw(names), draw(names), channel, draw(names) if channel in WITH_LEAF else "")


@given(parsed())
def test_parse_undoes_build(topic: Topic) -> None:
    assert topics.parse(str(topic)) == topic


def readable(error: BadTopic) -> None:
    assert all(error.render(language) for language in LANGUAGES)


def tries(text: str) -> None:
    try:
        assert str(topics.parse(text)) == text
    except BadTopic as error:
        readable(error)


@given(st.text())
def test_any_text_raises_nothing_else(text: str) -> None:
    tries(text)


parts = st.sampled_from(["jaga", "v1", "kota", "status", "event", "config", "desired", "evidence", "+", "#", "", "a\n"])


@given(st.lists(parts, max_size=8).map("/".join))
def test_near_misses_raise_nothing_else(text: str) -> None:
    tries(text)


@given(parsed(), st.text(min_size=1))
def test_anything_appended_changes_the_topic_or_is_refused(topic: Topic, tail: str) -> None:
    try:
        assert topics.parse(str(topic) + tail) != topic
    except BadTopic:
        return
