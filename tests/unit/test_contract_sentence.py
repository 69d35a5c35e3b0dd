"""Sentences that travel: each reader says them in his own language, whoever wrote them."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import report_text
from aggregator.core.report import Calendar, Column
from aggregator.core.wording import worded
from contract.codec import decode, encode
from contract.errors import ConfigError, WrongType
from contract.messages import CameraHealth, Health, refusal
from contract.sentence import LARGEST, LONGEST, english, known, of_error, sentence
from contract.texts import LANGUAGES, catalogue
from tests.data import ROOT
from tests.samples import NOW, sample_messages

REASON = Column("reason", "camera_reason")
OF_BEFORE = (
    *("nothing moves", "suspended by command", "no picture for 42.0 s", "no picture for 120 s", "the stream ended"),
    *("the recording is over", "the camera refuses this user name or password", "no such file"),
    *("it has no video stream", "it holds no picture that can be decoded", "Connection refused"),
    "Invalid data found when processing input",
    *("analysed 0.5 times a second, too rarely for rush, brawl", "last_will", "silent"),
)
"""What agents and aggregators wrote before there were sentences."""


def shown(reason: object, language: str) -> str:
    return report_text.word(REASON, reason, Calendar(NOW.tzinfo), language)  # type: ignore[arg-type]


def sent() -> set[str]:
    """The keys that an agent's code names for cameras."""
    files = [*(ROOT / "edge_agent").rglob("*.py")]
    return {key for path in files for key in re.findall(r'"(camera\.[a-z_]+)"', path.read_text("utf-8"))}


def test_every_sentence_of_an_agent_reads_in_both_languages() -> None:
    assert len(sent()) > 15
    own = {key: catalogue()[key] for key in sent()}
    assert [key for key, texts in own.items() if texts["id"] == texts["en"]] == ["camera.words"]
    used = sent() | {"camera.clock", "camera.last_will", "camera.silent"}
    assert {key for key in catalogue() if key.startswith("camera.")} == used


@pytest.mark.parametrize("words", OF_BEFORE)
def test_what_agents_of_before_say_is_understood(words: str) -> None:
    said = worded(words)
    assert said is not None
    assert known(said)
    assert shown(said, "id") != shown(said, "en")
    assert not re.search(r"[{}]", shown(said, "id") + shown(said, "en"))


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    silent = sentence("camera.no_picture", silent_s=95.0)
    assert [shown(silent, language) for language in LANGUAGES] == [
        "tidak ada gambar selama 1 mnt 35 dtk",
        "no picture for 1 min 35 s",
    ]
    assert english(silent) == "no picture for 95.0 s"
    assert worded(english(silent)) == silent, "an aggregator of before understands it, too"
    rarely = sentence("camera.rarely", rate=0.5, rules="rush")
    assert shown(rarely, "id") == "mesin kamera terlalu sibuk: dianalisis 0,5 kali per detik, terlalu jarang untuk rush"
    assert worded(english(rarely)) == rarely
    assert english(None) == ""


def test_an_error_of_ours_travels_as_a_sentence_and_any_other_as_its_words() -> None:
    late = ConfigError("edge.command.expired", time="noon")
    said = refusal(sample_messages()["command"].id, late, NOW)  # type: ignore[attr-defined]
    assert (said.error, said.why) == ("expired at noon", sentence("edge.command.expired", time="noon"))
    assert of_error(ValueError("x")) is None
    big = ConfigError("edge.command.clip_big", size=5_000_000, allowed=True)
    assert of_error(big) == sentence("edge.command.clip_big", size=5_000_000, allowed="True")


def test_a_reader_knows_a_sentence_by_its_key_and_all_it_needs() -> None:
    assert known(sentence("camera.still", more="is no harm"))
    assert not known(sentence("camera.no_picture"))
    assert not known(sentence("camera.of_tomorrow"))


@given(
    st.text(max_size=2 * LONGEST),
    st.integers() | st.sampled_from((LARGEST + 1, -(10**400))),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_its_values_are_it_survives_the_wire(words: str, whole: int, number: float) -> None:
    why = sentence("camera.words", words=words.encode("utf-8", "replace").decode(), n=whole, x=number)
    host = sample_messages()["health"].host  # type: ignore[attr-defined]
    told = Health(time=NOW, interval_s=1, cameras=(CameraHealth(camera="a", state="failed", why=why),), host=host)
    again = decode(encode(told), Health).cameras[0].why
    assert again is not None
    n = whole if abs(whole) <= LARGEST else str(whole)
    assert (again.key, again.values) == (why.key, {"words": why.values["words"], "n": n, "x": number})
    assert english(again) == why.values["words"]


@pytest.mark.parametrize(
    "why",
    [
        *({"key": "No Key"}, {"key": "a" * 90}, "words"),
        *({"key": "a.b", "values": {"x": x}} for x in ([1], LARGEST + 1, -LARGEST - 1, 10**400)),
    ],
)
def test_what_is_no_sentence_is_refused(why: object) -> None:
    """Of a whole number beyond all floats a report could not be written any more."""
    health = msgspec.to_builtins(sample_messages()["health"])
    health["cameras"][0]["why"] = why
    with pytest.raises(WrongType):
        decode(json.dumps(health).encode(), Health)
