"""What attackers try, over a real server: cross-site requests, guessing, paths that lead out."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.desks import Desk, desk
from tests.people import PASSWORD, Client, add, client, roster, seen_at


class TestCrossSite:
    @pytest.fixture
    def http(self, one: Desk) -> Iterator[Client]:
        add(one, "rina", "operator")
        with client(one, "rina") as http:
            yield http

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-csrf-token": ""},
            {"x-csrf-token": "0" * 64},
            {"x-csrf-token": "é"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"host": "evil.example"},
        ],
    )
    def test_a_foreign_page_cannot_act_with_the_users_cookie(
        self, one: Desk, http: Client, headers: dict[str, str]
    ) -> None:
        incident = seen_at(one, "site-1", "gate")["id"]
        path = f"/api/v1/incidents/{incident}/transition"
        encoded = httpx.Headers([(name.encode(), value.encode("utf-8")) for name, value in headers.items()])
        assert http.post(path, json={"to": "resolved"}, headers=encoded).status_code == 403
        assert http.delete("/api/v1/session", headers=encoded).status_code == 403
        assert one.incidents()[0]["state"] == "open"
        assert http.post(path, json={"to": "resolved"}).status_code == 200

    def test_nobody_can_log_a_user_in_from_elsewhere(self, one: Desk, http: Client) -> None:
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            body = {"name": "rina", "password": PASSWORD}
            assert httpx.post(f"{one.url}/api/v1/session", json=body, headers=headers).status_code == 403

    def test_the_token_of_another_session_does_not_do(self, one: Desk, http: Client) -> None:
        add(one, "budi", "supervisor")
        with client(one, "budi") as other:
            stolen = other.headers["x-csrf-token"]
        assert http.delete("/api/v1/session", headers={"x-csrf-token": stolen}).status_code == 403

    def test_no_answer_may_be_read_or_framed_elsewhere(self, http: Client) -> None:
        answer = http.get("/api/v1/session")
        assert "access-control-allow-origin" not in answer.headers
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


class TestGuessing:
    def test_after_five_wrong_passwords_each_further_one_waits_longer(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one) as http:
            assert [http.login("rina", "wrong").status_code for _ in range(5)] == [401] * 5
            waits = []
            for _ in range(10):
                answer = http.login("rina", PASSWORD)
                assert answer.status_code == 429, "not even the right one, so that nothing is learned"
                waits.append(int(answer.headers["retry-after"]))
                one.now += waits[-1]
                assert http.login("rina", "wrong").status_code == 401
            assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
            one.now += 300
            assert http.login("rina").status_code == 200
            assert http.login("rina", "wrong").status_code == 401, "the right one starts it anew"

    def test_attempts_at_the_same_time_all_count(self, one: Desk) -> None:
        add(one, "rina", "operator")
        barrier = threading.Barrier(20)

        def attempt(_: int) -> int:
            with client(one) as http:
                barrier.wait()
                return http.login("rina", "wrong").status_code

        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(attempt, range(20)))
        assert statuses.count(401) == 5
        assert statuses.count(429) == 15

    def test_one_address_cannot_try_every_account(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one) as http:
            statuses = [http.login(f"user-{n}", "wrong").status_code for n in range(32)]
            assert (statuses.count(401), statuses[-1]) == (30, 429)

    def test_an_own_account_buys_no_more_guesses_at_others(self, one: Desk) -> None:
        """A login forgives the address the one attempt that it was."""
        add(one, "mallory", "viewer")
        with client(one) as http:
            for n in range(29):
                assert http.login(f"user-{n}", "wrong").status_code == 401
            assert http.login("mallory").status_code == 200
            assert [http.login(f"more-{n}", "wrong").status_code for n in range(2)] == [401, 429]

    def test_who_holds_a_session_cannot_guess_its_password(self, one: Desk) -> None:
        """With a screen that was left open: the current password is asked for, and each wrong one counts."""
        add(one, "rina", "operator")
        with client(one, "rina") as http:
            wish = {"current": "wrong", "new": "a quite different one"}
            statuses = [http.post("/api/v1/session/password", json=wish).status_code for _ in range(6)]
            assert statuses == [401] * 5 + [429]
            assert http.post("/api/v1/session/password", json=wish | {"current": PASSWORD}).status_code == 429
        noted = [row[1:3] for row in one.store.audit(20)]
        assert noted.count(("rina", "session.refused")) == 5

    def test_nobody_learns_which_accounts_there_are(self, one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same status, the same words, and the same work: a hash is compared whether there is one or not."""
        add(one, "rina", "operator")
        add(one, "gone", "operator")
        roster(one).change("gone", disabled=True)
        compared = []
        passwords = one.accounts._passwords
        monkeypatch.setattr(one.accounts, "_passwords", passwords)
        matches = passwords.matches

        def counted(known: str | None, password: str) -> bool:
            compared.append(known is not None)
            return matches(known, password)

        monkeypatch.setattr(passwords, "matches", counted)
        with client(one) as http:
            answers = [http.login(name, "wrong") for name in ("rina", "nobody", "gone")] + [http.login("gone")]
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1
        assert compared == [True, False, True, True]

    def test_a_name_that_nobody_has_is_not_written_down(self, one: Desk) -> None:
        """It may be a password, typed into the wrong field."""
        add(one, "rina", "operator")
        with client(one) as http:
            http.login("my secret password", "rina")
            http.login("rina", "wrong")
        noted = [row[1:] for row in one.store.audit(2)]
        assert noted == [
            ("rina", "session.refused", "password", "127.0.0.1"),
            ("unknown", "session.refused", "unknown", "127.0.0.1"),
        ]


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc/passwd",
        f"/{'..%2f' * 16}etc/passwd",
        "/..%2faggregator.toml",
        "/%2e%2e/aggregator.toml",
        "/../aggregator.toml",
        "/assets/..%2f..%2faggregator.toml",
        "/assets/../../aggregator.toml",
        "/..%2fjaga.sqlite",
        "/link",
        "/%2e%2e/%2e%2e/aggregator.toml",
        "/assets/..%2f..%2f..%2fconfig.py",
        "//etc/passwd",
        "/api/v1/evidence/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/incidents/..%2faudit",
        "/assets/%00",
        "/..\\..\\etc\\passwd",
        "/static/../../jaga.sqlite",
    ],
)
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Jaga</title>")
    (tmp_path / "aggregator.toml").write_text("secret")
    (static / "link").symlink_to(tmp_path / "aggregator.toml")
    with desk(tmp_path, static=static) as one:
        add(one, "chief", "administrator")
        host, port = one.url.removeprefix("http://").split(":")
        with client(one, "chief") as http:
            cookie = http.cookies["jaga"]
        answers = [_raw(host, int(port), path, cookie), _raw(host, int(port), path, None)]
    for answer in answers:
        assert answer.split(b" ", 2)[1] in (b"400", b"401", b"404", b"422"), answer[:200]
        assert b"secret" not in answer
        assert b"SQLite format" not in answer
        assert b"root:" not in answer


def _raw(host: str, port: int, path: str, cookie: str | None) -> bytes:
    """httpx would tidy the path up."""
    import socket

    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"Cookie: jaga={cookie}"] if cookie else []
    with socket.create_connection((host, port), 10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer
