"""`jaga aggregator user|token|audit` as processes, beside a running aggregator and without one; what may be exposed."""

import json
import os
import pty
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests import certificates
from tests.desks import Aggregator
from tests.people import PASSWORD, Client


def jaga(one: Aggregator | Path, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    config = one if isinstance(one, Path) else one.config
    command = [sys.executable, "-m", "jaga", "aggregator", *words, "--config", str(config)]
    environment = os.environ | {"JAGA_LANG": "en"}
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def add(one: Aggregator, name: str, role: str) -> None:
    done = jaga(one, "user", "add", name, "--role", role, typed=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr


def test_the_first_administrator_is_made_by_command_while_it_runs(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    try:
        one.start(connected=False)
        assert httpx.get(f"{one.url}/api/v1/incidents").status_code == 200
        add(one, "rina", "administrator")
        assert httpx.get(f"{one.url}/api/v1/incidents").status_code == 401
        assert httpx.get(f"{one.url}/healthz").status_code == 200
        with Client(base_url=one.url) as http:
            assert http.login("rina").status_code == 200
            assert http.get("/api/v1/incidents").status_code == 200
            secret = jaga(one, "token", "add", "rina", "--scope", "metrics.read", "--label", "scrape").stdout.strip()
            bearer = {"authorization": f"Bearer {secret}"}
            assert "jaga_events_total" in httpx.get(f"{one.url}/metrics", headers=bearer).text
            exported = tmp_path / "export.jsonl"
            exported.write_bytes(http.get("/api/v1/audit/export").content)
        command = [sys.executable, "-m", "jaga", "aggregator", "audit", "verify", "--file", str(exported)]
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
        actions = [json.loads(line)["action"] for line in exported.read_text().splitlines()]
        assert actions == ["config.change", "user.add", "session.login", "token.add", "audit.export"]
    finally:
        one.kill()


def test_a_config_that_changed_is_noted_once(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    for text in ("", "", "[retention]\nevents_days = 30\n"):
        one.config.write_text(one.config.read_text() + text)
        one.start(connected=False)
        one.stop()
    with sqlite3.connect(tmp_path / "data" / "jaga.sqlite") as raw:
        assert raw.execute("SELECT count(*) FROM audit WHERE action = 'config.change'").fetchone() == (2,)


def test_mistakes_are_sentences(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    add(one, "rina", "administrator")
    for words, typed, code, said in (
        (("user", "add", "rina", "--role", "viewer"), PASSWORD, 1, "rina exists already"),
        (("user", "add", "budi", "--role", "viewer"), "short", 1, "at least 12 characters"),
        (("user", "add", "budi", "--role", "viewer"), "", 1, "at least 12 characters"),
        (("user", "add", "system", "--role", "viewer"), PASSWORD, 1, "system cannot be used"),
        (("user", "add", "../x", "--role", "viewer"), PASSWORD, 1, "../x cannot be used"),
        (("user", "add", "budi", "--role", "viewer", "--district", "x"), PASSWORD, 1, "knows no district x"),
        (("user", "disable", "rina"), "", 1, "last administrator"),
        (("user", "role", "rina", "--role", "viewer"), "", 1, "last administrator"),
        (("user", "disable", "nobody"), "", 1, "no account nobody"),
        (("token", "add", "rina", "--scope", "fly", "--label", "x"), "", 1, "no permission fly"),
        (("token", "revoke", "nothing"), "", 1, "no token nothing"),
        (("audit", "verify", "--anchor", "x"), "", 2, "x is no anchor"),
    ):
        done = jaga(one, *words, typed=typed)
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
        assert PASSWORD not in done.stderr


def test_at_a_terminal_the_password_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    command = [sys.executable, "-m", "jaga", "aggregator", "user", "add", "rina", "--role", "operator"]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*command, "--config", str(one.config)])
    shown = b""
    try:
        for _ in range(2):
            while not shown.rstrip().endswith(b":"):
                shown += os.read(terminal, 1000)
            os.write(terminal, PASSWORD.encode() + b"\n")
            shown += os.read(terminal, 1000) + b"\n"
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:
        pass  # the child has closed its end
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    assert PASSWORD.encode() not in shown
    assert '"rina"' in jaga(one, "user", "list").stdout


def test_whoever_edits_the_file_is_found_out(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    for name in ("rina", "budi", "wati"):
        add(one, name, "administrator")
    anchor = jaga(one, "audit", "verify").stdout.strip()
    exported = tmp_path / "audit.jsonl"
    assert jaga(one, "audit", "export", "--out", str(exported)).returncode == 0
    assert jaga(one, "audit", "verify", "--anchor", anchor).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "jaga.sqlite") as raw:
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute("UPDATE audit SET object = 'nobody' WHERE seq = 2")
    done = jaga(one, "audit", "verify")
    assert (done.returncode, "record 2 does not match" in done.stderr) == (1, True)
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join(lines[:2]))
    command = [sys.executable, "-m", "jaga", "aggregator", "audit", "verify", "--file", str(exported)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    cut = subprocess.run([*command, "--anchor", anchor], capture_output=True, text=True, timeout=60, check=False)
    assert cut.returncode == 1


def test_other_machines_only_with_accounts_and_then_by_tls(tmp_path: Path) -> None:
    authority = certificates.authority(tmp_path, "authority")
    certificate, key = certificates.server(tmp_path, authority, "127.0.0.1")
    one = Aggregator(tmp_path / "a", 1)
    public = f'public_url = "https://jaga.test:{one.port}"\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
    text = one.config.read_text()
    one.config.write_text(text.replace("[http]\n", f'[http]\nhost = "0.0.0.0"\n{public}'))
    for command in ("run", "check"):
        done = jaga(one, command)
        assert (done.returncode, "make accounts" in done.stderr) == (2, True), done.stderr
    add(one, "rina", "administrator")
    assert jaga(one, "check").returncode == 0
    url = f"https://127.0.0.1:{one.port}"
    trusted = ssl.create_default_context(cafile=str(authority))
    command_line = [sys.executable, "-m", "jaga", "aggregator", "run", "--config", str(one.config)]
    with one.log.open("ab") as log, subprocess.Popen(command_line, stdout=log, stderr=log) as process:
        try:
            with Client(base_url=url, verify=trusted, timeout=10) as http:
                _until_up(http)
                assert http.get("/api/v1/session", headers={"host": f"jaga.test:{one.port}"}).status_code == 200
                assert http.get("/api/v1/session", headers={"host": "other.test"}).status_code == 403
                answer = http.login("rina")
                assert answer.headers["set-cookie"].startswith("__Host-jaga=")
                assert "Secure" in answer.headers["set-cookie"]
                assert "strict-transport-security" in answer.headers
                assert http.get("/api/v1/incidents").status_code == 200
            with pytest.raises(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{one.port}/healthz")
        finally:
            process.terminate()


def _until_up(http: httpx.Client) -> None:
    from tests.brokers import wait_until

    def up() -> bool:
        try:
            return http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(up, 30, "it serves TLS")


def test_a_forwarded_address_counts_only_from_a_proxy_that_is_named(tmp_path: Path) -> None:
    forwarded = {"x-forwarded-for": "192.0.2.7"}
    for proxies, expected in (("", "127.0.0.1"), ('proxies = ["127.0.0.1"]\n', "192.0.2.7")):
        one = Aggregator(tmp_path / expected, 1)
        one.config.write_text(one.config.read_text().replace("[http]\n", f"[http]\n{proxies}"))
        add(one, "rina", "auditor")
        try:
            one.start(connected=False)
            with Client(base_url=one.url, headers=forwarded) as http:
                http.login("rina")
                newest = http.get("/api/v1/audit?action=session.login").json()["items"][0]
            assert newest["detail"] == expected
        finally:
            one.kill()
