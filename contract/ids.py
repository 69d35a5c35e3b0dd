"""Identifiers: UUIDv7 (RFC 9562, section 5.7), names that are safe in topics, paths and URLs, and names of hosts."""

import hashlib
import re
from ipaddress import ip_address

LAST = r"(?!\n)"
"""After a pattern's "$": Python's also matches before a final newline. Other dialects need no such thing, and some
(Rust's, RE2) do not know it, so the public patterns end in a plain "$"."""

NAME = r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?"
NAME_PATTERN = f"^{NAME}$"
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UUID7_PATTERN = f"^{UUID7}$"
_NAME = re.compile(NAME)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


def is_name(value: str) -> bool:
    """Whether `value` may name a site, agent, camera, zone or command: 1-64 of a-z 0-9 - _, ends alphanumeric."""
    return bool(_NAME.fullmatch(value))


def is_host(value: str) -> bool:
    """Whether it could be looked up: an IP address, or labels of 1 to 63 letters, digits, - and _ (RFC 1123; what is
    not ASCII as IDNA writes it). An address with its scheme or port is none."""
    try:
        ip_address(value)
    except ValueError:
        pass
    else:
        return True
    try:
        written = value.encode("idna").decode().removesuffix(".")
    except UnicodeError:
        return False
    return all(_LABEL.fullmatch(label) for label in written.split("."))


def uuid7(unix_ms: int, entropy: bytes) -> str:
    """A UUIDv7: 48 bits of Unix time in milliseconds, then the first 74 bits of `entropy` (at least 10 bytes).

    Takes its randomness as a value, so that a live agent passes os.urandom and an offline run a hash of its input.
    Raises ValueError if the time or the entropy does not fit.
    """
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError(f"time {unix_ms} ms does not fit into 48 bits")
    if len(entropy) < 10:
        raise ValueError(f"{len(entropy)} bytes of entropy, 10 needed")
    random = int.from_bytes(entropy[:10], "big") >> 6
    value = unix_ms << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derived_uuid7(unix_ms: int, *parts: str) -> str:
    """A UUIDv7 whose random bits are the SHA-256 of `parts`: the same input gives the same id."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return uuid7(unix_ms, digest)
