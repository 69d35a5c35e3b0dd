"""Free ports on the loopback interface, and clear words where there is none."""

import socket
from collections.abc import Callable

from contract.errors import ConfigError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port the system says is free; somebody else may still take it before it is used."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def choose(option: str, wanted: int | None, default: int, moved: Callable[[int, int], None]) -> int:
    """The port the user asked for, else the default, else a free one, which `moved(default, chosen)` hears of.

    Raises ConfigError where the user asked for one that is taken or cannot be used.
    """
    if wanted is not None:
        if not 1 <= wanted <= 65_535:
            raise ConfigError("demo.bad_port", option=option, value=wanted)
        if not is_free(wanted):
            raise ConfigError("demo.port_taken", option=option, port=wanted)
        return wanted
    if is_free(default):
        return default
    chosen = any_free()
    moved(default, chosen)
    return chosen
