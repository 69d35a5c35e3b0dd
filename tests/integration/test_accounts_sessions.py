"""Sessions and API tokens over a real server: how they begin, what they can do, how they end."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.brokers import wait_until
from tests.desks import Desk, desk
from tests.people import JPEG, PASSWORD, SHA, add, client, roster, seen_at


class TestSessions:
    def test_a_cookie_is_safe_and_the_store_does_not_know_it(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one) as http:
            said = http.login("Rina ").headers["set-cookie"].lower()
            value = http.cookies["jaga"]
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in said.split(";")}
        assert "secure" not in said
        assert len(value) >= 43
        assert value not in str(one.store.read("SELECT * FROM sessions"))

    def test_behind_tls_it_is_bound_to_the_host(self, tmp_path: Path) -> None:
        with desk(tmp_path, secure=True) as one:
            add(one, "rina", "operator")
            with client(one) as http:
                said = http.login("rina").headers["set-cookie"]
        assert said.startswith("__Host-jaga=")
        assert "Secure" in said
        assert "Domain" not in said

    def test_an_id_that_somebody_planted_is_never_taken(self, one: Desk) -> None:
        """Session fixation: the attacker's value is not the session after the login, nor is the one of before."""
        add(one, "rina", "operator")
        with client(one) as http:
            http.cookies.set("jaga", "planted" * 6)
            assert http.get("/api/v1/incidents").status_code == 401
            answer = http.login("rina")
            fresh = answer.headers["set-cookie"].split("=", 1)[1].split(";")[0]
        assert "planted" not in fresh
        assert httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": "planted" * 6}).status_code == 401
        with client(one) as again:
            again.cookies.set("jaga", fresh)
            rotated = again.login("rina").headers["set-cookie"].split("=", 1)[1].split(";")[0]
        assert rotated != fresh
        assert httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": fresh}).status_code == 401
        assert httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": rotated}).status_code == 200

    def test_a_logout_ends_it_at_the_server_and_no_other(self, one: Desk) -> None:
        """A cookie that somebody copied opens nothing any more, whatever the browser still holds."""
        add(one, "rina", "operator")
        with client(one, "rina") as here, client(one, "rina") as elsewhere:
            copied = here.cookies["jaga"]
            assert here.delete("/api/v1/session").status_code == 204
            assert elsewhere.get("/api/v1/incidents").status_code == 200
        assert httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": copied}).status_code == 401

    def test_it_ends_when_nobody_uses_it_and_after_a_shift(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one, "rina") as http:
            for _ in range(24):
                one.now += 1_700
                assert http.get("/api/v1/incidents").status_code == 200
            one.now += 2_500
            assert http.get("/api/v1/incidents").status_code == 401, "43,300 s after the login"
        with client(one, "rina") as http:
            one.now += 3_500
            assert http.get("/api/v1/incidents").status_code == 200
            one.now += 3_601
            assert http.get("/api/v1/incidents").status_code == 401
        one.accounts.tidy()
        assert one.store.read("SELECT count(*) FROM sessions") == [(0,)]

    def test_an_open_page_counts_as_use(self, one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("aggregator.api.stream.USE_S", 0.05)
        add(one, "rina", "operator")
        with client(one, "rina") as http, http.stream("GET", "/api/v1/stream"):
            wait_until(lambda: one.clients() == 1, 10, "the stream runs")
            one.now += 3_000
            wait_until(lambda: one.store.read("SELECT seen FROM sessions") == [(one.now,)], 10, "it was noted")

    @pytest.mark.parametrize(
        "change",
        [{"disabled": True}, {"role": "viewer"}, {"districts": ["north"]}, {"password": "x" * 7 + "fresh word"}],
    )
    def test_what_an_administrator_changes_holds_at_once(
        self, one: Desk, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("aggregator.api.stream.CHECK_S", 0.05)
        add(one, "rina", "operator")
        add(one, "chief", "administrator")
        with client(one, "rina") as rina, client(one, "chief") as chief, rina.stream("GET", "/api/v1/stream"):
            wait_until(lambda: one.clients() == 1, 10, "the stream runs")
            assert chief.post("/api/v1/users/rina", json=change).status_code == 200
            wait_until(lambda: one.clients() == 0, 10, "the stream ends")
            assert rina.get("/api/v1/incidents").status_code == 401
        what = "user.password" if "password" in change else "user.change"
        assert one.store.audit(1)[0][1:4] == ("chief", what, "rina")

    def test_a_new_password_ends_every_other_session(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one, "rina") as here, client(one, "rina") as elsewhere:
            old = here.cookies["jaga"]
            body = {"current": PASSWORD, "new": "a quite different one"}
            assert here.post("/api/v1/session/password", json=body).status_code == 200
            assert here.get("/api/v1/incidents").status_code == 200
            assert elsewhere.get("/api/v1/incidents").status_code == 401
        assert httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": old}).status_code == 401
        with client(one) as http:
            assert http.login("rina").status_code == 401
            assert http.login("rina", "a quite different one").status_code == 200
        assert ("rina", "user.password", "rina") in [row[1:4] for row in one.store.audit(10)]

    def test_a_weak_password_is_refused_with_a_reason(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one, "rina") as here:
            answer = here.post("/api/v1/session/password", json={"current": PASSWORD, "new": "short"})
        assert (answer.status_code, "12" in answer.json()["detail"]) == (409, True)


class TestTokens:
    def test_a_token_does_what_its_scopes_say_and_no_more(self, one: Desk) -> None:
        incident = seen_at(one, "site-1", "gate", JPEG)["id"]
        add(one, "rina", "operator")
        token, secret = roster(one).add_token("rina", "wall", ["incident.read"], 30)
        assert secret not in str(one.store.read("SELECT * FROM tokens"))
        with httpx.Client(base_url=one.url, headers={"authorization": f"Bearer {secret}"}) as http:
            assert http.get("/api/v1/incidents").status_code == 200
            assert http.get(f"/api/v1/evidence/{SHA}").status_code == 403
            path = f"/api/v1/incidents/{incident}/transition"
            assert http.post(path, json={"to": "resolved"}).status_code == 403
            assert http.post("/api/v1/session/password", json={"current": "a", "new": "b"}).status_code == 409
            roster(one).revoke_token(token.id)
            assert http.get("/api/v1/incidents").status_code == 401
        assert [row[1:4] for row in one.store.audit(1)] == [("test", "token.revoke", token.id)]

    def test_it_acts_under_its_own_name(self, one: Desk) -> None:
        incident = seen_at(one, "site-1", "gate")["id"]
        add(one, "rina", "operator")
        _, secret = roster(one).add_token("rina", "dispatch", ["incident.act"], 30)
        with httpx.Client(base_url=one.url, headers={"authorization": f"bearer {secret}"}) as http:
            assert http.post(f"/api/v1/incidents/{incident}/transition", json={"to": "acknowledged"}).status_code == 200
        assert one.store.changes(incident)[-1].actor == "rina (dispatch)"

    def test_it_ends(self, one: Desk) -> None:
        add(one, "rina", "operator")
        add(one, "chief", "administrator")
        _, secret = roster(one).add_token("rina", "a", ["incident.read"], 30)
        _, other = roster(one).add_token("rina", "b", ["incident.read"], 31)

        def status(token: str) -> int:
            headers = {"authorization": f"Bearer {token}"}
            return httpx.get(f"{one.url}/api/v1/incidents", headers=headers).status_code

        one.now += 30 * 86_400
        assert (status(secret), status(other), status("jaga_made_up")) == (401, 200, 401)
        roster(one).change("rina", role="auditor")
        assert status(other) == 200
        roster(one).change("rina", disabled=True)
        assert status(other) == 401

    def test_a_stream_ends_with_the_token_it_was_opened_by(self, one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("aggregator.api.stream.CHECK_S", 0.05)
        add(one, "rina", "operator")
        token, secret = roster(one).add_token("rina", "wall", ["incident.read"], 30)
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.stream("GET", f"{one.url}/api/v1/stream", headers=headers):
            wait_until(lambda: one.clients() == 1, 10, "the stream runs")
            roster(one).revoke_token(token.id)
            wait_until(lambda: one.clients() == 0, 10, "the stream ends")

    def test_a_bad_token_is_not_made_good_by_a_cookie(self, one: Desk) -> None:
        add(one, "rina", "operator")
        with client(one, "rina") as http:
            assert http.get("/api/v1/incidents", headers={"authorization": "Bearer x"}).status_code == 401
            assert http.get("/api/v1/incidents", headers={"authorization": "Basic cmluYTp4"}).status_code == 401
