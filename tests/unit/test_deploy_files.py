"""What lies in deploy/ fits the code: commands, ports, metrics, and units that systemd accepts."""

import json
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from aggregator.adapters.metrics_prometheus import PrometheusMeter
from aggregator.config_people import HttpSection
from jaga.cli import PARTS
from tests.data import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")
HARDENING = {
    *("User", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "ProtectKernelTunables"),
    *("ProtectControlGroups", "RestrictNamespaces", "RestrictSUIDSGID", "CapabilityBoundingSet", "SystemCallFilter"),
}


class Unit(RawConfigParser):
    """A unit file: keys keep their case, and one may stand more than once."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        self.read(path)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def metrics_in_code() -> set[str]:
    """Every metric of the aggregator: the meter's own, and the gauges the runtime adds by name."""
    own = {family.name for family in text_string_to_metric_families(PrometheusMeter().exposition().decode())}
    runtime = (ROOT / "aggregator" / "runtime.py").read_text("utf-8")
    made_up_by_the_library = {name for name in own if name.endswith("_created")}
    return own - made_up_by_the_library | set(re.findall(r'"(jaga_\w+)"', runtime))


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "jaga.json").read_text("utf-8"))
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    return found + [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]


def test_dashboard_and_alerts_ask_for_metrics_that_exist() -> None:
    asked = {name for expression in expressions() for name in re.findall(r"jaga_\w+", expression)}
    assert len(asked) > 5
    assert {SUFFIX.sub("", name) for name in asked} <= metrics_in_code()


def test_every_metric_is_on_the_dashboard() -> None:
    assert {name for name in metrics_in_code() if not any(name in expression for expression in expressions())} == set()


def test_panels_do_not_cover_each_other() -> None:
    panels = json.loads((DEPLOY / "grafana" / "jaga.json").read_text("utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_prometheus_scrapes_the_default_port() -> None:
    scrape = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))["scrape_configs"][0]
    default = HttpSection()
    assert scrape["static_configs"] == [{"targets": [f"{default.host}:{default.port}"]}]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_run_our_commands_hardened(path: Path, tmp_path: Path) -> None:
    service = Unit(path)["Service"]
    words = service["ExecStart"].split()
    assert words[0].endswith("/jaga")
    assert words[1] in {part.name for part in PARTS}
    assert words[2:4] == ["run", "--config"]
    assert set(service) >= HARDENING
    assert service["RestartPreventExitStatus"] == "2"
    state = service["StateDirectory"]
    assert f"/var/lib/{state}" in service["WorkingDirectory"]
    assert complaints(path, tmp_path) == ""


def complaints(path: Path, folder: Path) -> str:
    """What systemd-analyze, where this machine has it, says of the unit with a command that exists."""
    command = shutil.which("systemd-analyze")
    if command is None:
        return ""
    unit = folder / path.name
    unit.write_text(path.read_text("utf-8").replace("/opt/jaga/bin/jaga", "/bin/true"))
    done = subprocess.run([command, "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    return "\n".join(line for line in done.stderr.splitlines() if path.name in line)


def test_the_compose_file_runs_our_commands_on_loopback() -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text("utf-8"))
    for name, service in compose["services"].items():
        assert service["network_mode"] == "host", name
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            known = source in compose["volumes"] or source == "./etc" or (DEPLOY / "compose" / source).exists()
            assert known, volume
        if service["image"] == "jaga":
            assert service["command"][0] in {part.name for part in PARTS}
            assert service["cap_drop"] == ["ALL"]
