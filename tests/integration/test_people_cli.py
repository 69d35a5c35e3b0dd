"""`jaga aggregator user|token|audit`, beside a running aggregator and without one; and what may be exposed."""

import json
import os
import pty
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.cli import aggregator_app
from aggregator.config import load
from aggregator.config_people import HttpSection
from aggregator.exposure import note_config
from contract.errors import ConfigError, JagaError
from tests import certificates
from tests.brokers import wait_until
from tests.desks import Aggregator, desk
from tests.people import PASSWORD, Client, roster


class Done(NamedTuple):
    code: int
    stdout: str
    said: str


def jaga(one: Aggregator, *words: str, typed: str = "") -> Done:
    """As the command does it, in this process: what it prints, and the sentence that it ends with."""
    config = () if "--file" in words else ("--config", str(one.config))
    result = CliRunner().invoke(aggregator_app, [*words, *config], input=typed)
    if isinstance(result.exception, JagaError):
        code = 2 if isinstance(result.exception, ConfigError) else 1
        return Done(code, result.stdout, result.exception.render("en"))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def add(one: Aggregator, name: str, role: str) -> None:
    done = jaga(one, "user", "add", name, "--role", role, typed=f"{PASSWORD}\n")
    assert done.code == 0, done.said


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
        assert jaga(one, "audit", "verify", "--file", str(exported)).code == 0
        actions = [json.loads(line)["action"] for line in exported.read_text().splitlines()]
        assert actions == ["config.change", "user.add", "session.login", "token.add", "audit.export"]
    finally:
        one.kill()


def test_a_config_that_changed_is_noted_once(tmp_path: Path) -> None:
    one, noted = Aggregator(tmp_path, 1), []
    store = SqliteStore(tmp_path / "jaga.sqlite")
    people, audit = SqlitePeople(store), SqliteAudit(store)
    for text in ("", "", "[retention]\nevents_days = 30\n", ""):
        one.config.write_text(one.config.read_text() + text)
        config = load(one.config)
        note_config(config, people, audit, 1.0)
        noted.append(config.digest)
    assert [record.object for record in audit.records()] == [noted[0], noted[2]]
    store.close()


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
        (("user", "add", "budi", "--role", "auditor", "--district", "x"), PASSWORD, 1, "auditor cannot be limited"),
        (("user", "disable", "rina"), "", 1, "last administrator"),
        (("user", "role", "rina", "--role", "viewer"), "", 1, "last administrator"),
        (("user", "disable", "nobody"), "", 1, "no account nobody"),
        (("token", "add", "rina", "--scope", "fly", "--label", "x"), "", 1, "no permission fly"),
        (("token", "revoke", "nothing"), "", 1, "no token nothing"),
        (("audit", "verify", "--anchor", "x"), "", 2, "x is no anchor"),
    ):
        done = jaga(one, *words, typed=typed)
        assert (done.code, said in done.said) == (code, True), done.said
        assert PASSWORD not in done.said


def test_at_a_terminal_the_password_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    command = [sys.executable, "-m", "jaga", "aggregator", "user", "add", "rina", "--role", "operator"]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*command, "--config", str(one.config)])
    shown = b""
    try:
        for prompts in (1, 2):
            while shown.count(b": ") < prompts:
                shown += os.read(terminal, 1000)
            os.write(terminal, PASSWORD.encode() + b"\n")
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
    assert jaga(one, "audit", "export", "--out", str(exported)).code == 0
    assert json.loads(exported.read_text().splitlines()[-1])["action"] == "audit.export"
    assert jaga(one, "audit", "verify", "--anchor", anchor).code == 0
    with sqlite3.connect(tmp_path / "data" / "jaga.sqlite") as raw:
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute("UPDATE audit SET object = 'nobody' WHERE seq = 2")
    done = jaga(one, "audit", "verify")
    assert (done.code, "record 2 does not match" in done.said) == (1, True)
    assert jaga(one, "audit", "verify", "--file", str(exported), "--anchor", anchor).code == 0
    exported.write_text("".join(exported.read_text().splitlines(keepends=True)[:2]))
    assert jaga(one, "audit", "verify", "--file", str(exported)).code == 0, "nobody can see that, but for the anchor"
    cut = jaga(one, "audit", "verify", "--file", str(exported), "--anchor", anchor)
    assert (cut.code, "CUT OFF: records from 3" in cut.said) == (1, True)


def test_whoever_cuts_the_end_off_is_found_out(tmp_path: Path) -> None:
    """No anchor is needed for that while the database itself still knows where its log ended."""
    one = Aggregator(tmp_path, 1)
    for name in ("rina", "budi", "wati"):
        add(one, name, "administrator")
    with sqlite3.connect(tmp_path / "data" / "jaga.sqlite") as raw:
        raw.execute("DROP TRIGGER audit_no_delete")
        raw.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
        ((last,),) = raw.execute("SELECT max(seq) FROM audit").fetchall()
    done = jaga(one, "audit", "verify")
    assert (done.code, f"CUT OFF: records from {last + 1}" in done.said) == (1, True), done.said


def test_other_machines_only_with_accounts_and_then_by_tls(tmp_path: Path) -> None:
    authority = certificates.authority(tmp_path, "authority")
    certificate, key = certificates.server(tmp_path, authority, "127.0.0.1")
    one = Aggregator(tmp_path / "a", 1)
    public = f'public_url = "https://jaga.test:{one.port}"\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
    text = one.config.read_text()
    one.config.write_text(text.replace("[http]\n", f'[http]\nhost = "0.0.0.0"\n{public}'))
    for command in ("run", "check"):
        done = jaga(one, command)
        assert (done.code, "make accounts" in done.said) == (2, True), done.said
    add(one, "rina", "administrator")
    assert jaga(one, "check").code == 0
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
    def up() -> bool:
        try:
            return http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(up, 30, "it serves TLS")


@pytest.mark.parametrize(
    ("proxies", "expected"), [((), "127.0.0.1"), (("192.0.2.1",), "127.0.0.1"), (("127.0.0.1",), "192.0.2.7")]
)
def test_a_forwarded_address_counts_only_from_a_proxy_that_is_named(
    tmp_path: Path, proxies: tuple[str, ...], expected: str
) -> None:
    with desk(tmp_path, http=HttpSection(proxies=proxies)) as one:
        roster(one).add("rina", "operator", (), PASSWORD)
        with Client(base_url=one.url, headers={"x-forwarded-for": "192.0.2.7"}) as http:
            http.login("rina")
        assert one.store.audit(1)[0][1:] == ("rina", "session.login", "password", expected)
