"""Writes mosquitto's ACL from agents' own configs: `python deploy/mosquitto/acl.py edge-1.toml edge-2.toml > acl`.

An agent may publish under its own site, agent and cameras, and read its own desired config and commands; nothing else.
The lines follow from contract.topics.CHANNELS, so a new channel is covered by adding it there. Patterns with %u cannot
say this, since an event's topic carries the camera and mosquitto refuses a user name with "/" in a pattern.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from contract.errors import JagaError
from contract.texts import language_of
from contract.topics import AGGREGATOR_FILTERS, CHANNELS, ROOT, ChannelInfo
from edge_agent.config import load
from edge_agent.config_sections import EdgeConfig


class AclError(ValueError):
    """Agents that cannot be told apart."""


def agent_lines(user: str, site: str, agent: str, cameras: Sequence[str]) -> Iterator[str]:
    """The section of one agent that logs in as `user`."""
    yield f"# {site}/{agent}: {len(cameras)} cameras"
    yield f"user {user}"
    for channel, info in CHANNELS.items():
        access = "write" if info.sender == "agent" else "read"
        for owner in cameras if info.owner == "camera" else (agent,):
            yield f"topic {access} {_filter(site, owner, channel, info)}"


def aggregator_lines(user: str) -> Iterator[str]:
    """The aggregator's section: it hears everything agents say and alone may command and configure."""
    yield f"user {user}"
    for heard in AGGREGATOR_FILTERS:
        yield f"topic read {heard}"
    for channel, info in CHANNELS.items():
        if info.sender == "aggregator":
            yield f"topic write {_filter('+', '+', channel, info)}"


def acl(configs: Sequence[EdgeConfig], aggregator: str) -> str:
    """The whole file. Raises AclError where an agent has no user name of its own or cameras belong to two agents."""
    owners: dict[tuple[str, str], str] = {}
    users = {aggregator}
    sections = ["# Made by deploy/mosquitto/acl.py from the agents' configs; make it again when a camera is added."]
    sections.append("\n".join(aggregator_lines(aggregator)))
    for config in configs:
        user = config.mqtt.username if config.mqtt else None
        if not user or user in users:
            raise AclError(f"{config.file}: mqtt.username must be given and be this agent's own")
        users.add(user)
        cameras = [camera.id for camera in config.cameras]
        for camera in cameras:
            other = owners.setdefault((config.agent.site, camera), str(config.file))
            if other != str(config.file):
                raise AclError(f"{config.file}: camera {camera} of site {config.agent.site} is also in {other}")
        sections.append("\n".join(agent_lines(user, config.agent.site, config.agent.id, cameras)))
    return "\n\n".join(sections) + "\n"


def _filter(site: str, owner: str, channel: str, info: ChannelInfo) -> str:
    return "/".join((ROOT, site, owner, channel, *(["+"] if info.leaf else [])))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="mosquitto ACL from agents' configs")
    parser.add_argument("configs", nargs="+", type=Path, metavar="EDGE.toml")
    parser.add_argument("--aggregator", default="aggregator", help="the aggregator's user name")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(acl([load(path) for path in options.configs], options.aggregator))
    except JagaError as error:
        sys.stderr.write(error.render(language_of()) + "\n")
        return 2
    except AclError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
