"""UUIDv7 against RFC 9562's own example, and the names that may stand in a topic."""

import uuid

import pytest

from contract.events import event_source, sequence_text, traceparent
from contract.ids import derived_uuid7, is_name, uuid7


def test_rfc_9562_appendix_a6() -> None:
    rand_a, rand_b = 0xCC3, 0x18C4DC0C0C07398F
    entropy = ((rand_a << 62 | rand_b) << 6).to_bytes(10, "big")
    assert uuid7(0x017F22E279B0, entropy) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_version_and_variant_hold_for_any_entropy() -> None:
    for entropy in (bytes(10), b"\xff" * 10, b"\xff" * 32):
        value = uuid.UUID(uuid7(0, entropy))
        assert (value.version, value.variant) == (7, uuid.RFC_4122)


def test_ids_sort_by_time() -> None:
    ids = [uuid7(ms, bytes([255 - i]) * 10) for i, ms in enumerate((0, 1, 999, 1_779_000_000_000, (1 << 48) - 1))]
    assert ids == sorted(ids)


@pytest.mark.parametrize(("ms", "entropy"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_what_does_not_fit_is_refused(ms: int, entropy: bytes) -> None:
    with pytest.raises(ValueError, match=r"bits|entropy"):
        uuid7(ms, entropy)


def test_derived_ids_follow_from_their_input_alone() -> None:
    assert derived_uuid7(5, "a", "b") == derived_uuid7(5, "a", "b")
    assert (
        len(
            {derived_uuid7(5, "a", "b"), derived_uuid7(5, "ab"), derived_uuid7(5, "b", "a"), derived_uuid7(6, "a", "b")}
        )
        == 4
    )


@pytest.mark.parametrize("name", ["a", "0", "kota-1", "a_b", "a" * 64])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "A", "a/b", "a.b", "_a", "a-", "a\n", "\na", "a" * 65, "á", "a b"])
def test_not_names(name: str) -> None:
    assert not is_name(name)


def test_sequences_are_ordered_as_texts() -> None:
    assert sequence_text(9) < sequence_text(10) < sequence_text(2**63)
    assert len(sequence_text(0)) == len(sequence_text(2**63)) == 20


def test_the_trace_of_an_event_is_its_episode() -> None:
    episode, event = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c073990"
    assert traceparent(episode, event) == "00-017f22e279b07cc398c4dc0c0c07398f-98c4dc0c0c073990-01"


def test_source_names_site_agent_camera() -> None:
    assert event_source("kota", "edge-1", "cam") == "/kota/edge-1/cam"
