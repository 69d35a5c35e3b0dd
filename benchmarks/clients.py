"""A full control room: how 500 pages on the live stream get what happens, and what one that stops reading does to them.

    python -m benchmarks.clients

The aggregator as it runs, with accounts, behind a real mosquitto; events of a made-up city are sent as if they happened
now. Each page has a session of its own. From publishing a change to each page having it, by one clock: the change says
when it was made. One page stops reading, has to be dropped, and comes back with the last number it had. Server and
pages share two cores.
"""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from benchmarks.cities import case
from benchmarks.cores import cores
from benchmarks.ingest import CAMERAS, CONFIG, HOURS, paced, told, worker
from benchmarks.report import Figure, Outcome, at_least, at_most, command, equal
from simulator.score import quantile
from tests.brokers import Mosquitto

PAGES = 500
DELTAS_PER_S, SECONDS, P95_S = 50.0, 80, 1.0
"""So long that the kernel's buffers (4 MB) are full, and the time in which a page has to take something is over."""
EVENTS_PER_S = 70
"""Some events change what another one has just changed: of so many come a few more than DELTAS_PER_S changes."""
MODULE = "benchmarks.clients_peers"


@cores(2)
def measure() -> Outcome:
    """What the pages got, when, and what it cost."""
    case(7, "weekday", CAMERAS, HOURS)  # made now, it costs nobody anything later
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder), persistence=False) as broker:
        config = Path(folder) / "aggregator.toml"
        config.write_text(
            CONFIG.format(folder=folder, port=broker.port).replace("[http]", "[http]\nstream_clients = 600")
        )
        with worker("serve", config, PAGES, module=MODULE) as server:
            ready = told(server)
            cookies = Path(folder) / "cookies"
            cookies.write_text(json.dumps(ready["cookies"]))
            with worker("pages", ready["port"], cookies, module=MODULE) as pages:
                told(pages)
                before = _asked(server)
                sender = threading.Thread(target=paced, args=(broker.port, EVENTS_PER_S, SECONDS))
                sender.start()
                sender.join()
                after = _asked(server)
                assert pages.stdin is not None
                pages.stdin.write(f"{after['last']}\n")
                pages.stdin.flush()
                seen = told(pages)
    late = sorted(seen["delays"])
    count = after["last"] - before["last"]
    took = after["time"] - before["time"]
    return Outcome(
        "clients",
        (
            Figure("pages", float(seen["pages"])),
            Figure("changes", float(count)),
            at_least("changes a second", count / took, DELTAS_PER_S),
            equal("pages that got each of them, in order", float(seen["complete"]), float(PAGES - 1)),
            Figure("published to received, median, ms", quantile(late, 0.5) * 1000),
            at_most("published to received, p95, s", quantile(late, 0.95), P95_S),
            Figure("published to received, greatest, s", late[-1]),
            equal("pages dropped, but for the one that stopped reading", float(seen["dropped"]), 0.0),
            equal("the one that stopped reading was dropped", float(seen["stalled_dropped"]), 1.0),
            equal("changes it missed for good after coming back", float(seen["stalled_missed"]), 0.0),
            Figure("processor time, server, share of one core", (after["cpu"] - before["cpu"]) / took),
            Figure("processor time, all pages, share of one core", seen["cpu"] / seen["seconds"]),
        ),
    )


def _asked(server: "subprocess.Popen[str]") -> dict[str, float]:
    """What the server says of itself now: its latest change, its processor time and the time."""
    assert server.stdin is not None
    server.stdin.write("\n")
    server.stdin.flush()
    return told(server)


if __name__ == "__main__":
    sys.exit(command(measure, footage=False))
