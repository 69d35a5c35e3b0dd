"""The API over a real server: routes, errors, who may ask, and OpenAPI."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from schemathesis.core.result import Ok

from aggregator.core.access import ROUTES
from aggregator.core.ports import Batch, IncidentRow, Message
from aggregator.views import incident_view
from contract import topics
from contract.ids import derived_uuid7
from tests.desks import Desk, desk
from tests.people import JPEG, SHA
from tests.timeline import START, make_event, place


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as running:
        yield running


@pytest.fixture
def http(one: Desk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=one.url, timeout=10) as client:
        yield client


def brawl(one: Desk, t: float = 0, camera: str = "gate", **more: Any) -> dict[str, Any]:
    event = make_event(t, camera, "brawl", location=place(0, 0), confidence=0.8, snapshot=SHA, **more)
    one.take(event)
    return next(item for item in one.incidents() if camera in item["cameras"])


def move(http: httpx.Client, incident: str, to: str, **headers: str) -> httpx.Response:
    return http.post(
        f"/api/v1/incidents/{incident}/transition", json={"to": to, "reason": "r", "actor": "rina"}, headers=headers
    )


def test_a_list_in_pages(one: Desk, http: httpx.Client) -> None:
    one.take(*(make_event(t * 5000, "gate", "crowd", "end", episode=str(t)) for t in range(5)))
    first = http.get("/api/v1/incidents", params={"limit": 3}).json()
    second = http.get("/api/v1/incidents", params={"limit": 3, "before": first["next"]}).json()
    started = [item["started"] for page in (first, second) for item in page["items"]]
    assert len(started) == 5
    assert started == sorted(started, reverse=True)
    assert second["next"] is None
    assert http.get("/api/v1/incidents", params={"kind": "brawl"}).json()["items"] == []
    assert len(http.get("/api/v1/incidents", params={"state": "suspected", "kind": "crowd"}).json()["items"]) == 5


def test_why_an_event_did_not_join_an_incident_can_be_asked(one: Desk, http: httpx.Client) -> None:
    first = brawl(one)["id"]
    one.transition(first, "resolved", "budi", "over")
    second = brawl(one, 10, "market")["id"]
    (event,) = http.get(f"/api/v1/incidents/{second}").json()["events"]
    assert event["link"]["reasons"]["refused"] == [[first, "closed"]]


def test_one_incident_tells_everything(one: Desk, http: httpx.Client) -> None:
    incident = brawl(one)
    brawl(one, 10, "market")
    detail = http.get(f"/api/v1/incidents/{incident['id']}").json()
    assert {key: detail[key] for key in ("sources", "event_count", "ended")} == {
        "sources": 2,
        "event_count": 2,
        "ended": None,
    }
    assert detail["started"] == "2026-05-17T12:00:00.000Z"
    assert detail["why"]["rule"] == "rule-1"
    link = detail["events"][1]["link"]
    reasons = link["reasons"]
    assert reasons.pop("rate") > 3 * reasons.pop("against") > 0
    assert reasons == {
        "support": 1,
        "kind": "same",
        "place": "distance",
        "time_s": 0.0,
        "distance_m": 0.0,
        "other": "site-1/gate",
    }
    assert 0.9 < link["score"] <= 1
    assert detail["changes"][0] == {
        "time": "2026-05-17T12:00:00.000Z",
        "actor": "system",
        "from": None,
        "to": "suspected",
        "reason": "first_event",
        "action": "state",
        "detail": "",
        "number": 0,
        "undone": False,
    }


def test_an_operators_steps_are_noted_and_wrong_ones_say_what_is_allowed(one: Desk, http: httpx.Client) -> None:
    incident = brawl(one)["id"]
    answer = move(http, incident, "acknowledged")
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    refused = move(http, incident, "open")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["allowed"] == ["dispatched", "resolved", "false_alarm"]
    change = http.get(f"/api/v1/incidents/{incident}").json()["changes"][-1]
    assert (change["actor"], change["from"], change["to"], change["reason"]) == ("rina", "open", "acknowledged", "r")
    assert [row[2:4] for row in one.store.audit(10)] == [("incident.transition", incident)]


def test_a_closed_incident_that_memory_has_forgotten_is_still_final(tmp_path: Path) -> None:
    with desk(tmp_path) as one, httpx.Client(base_url=one.url) as http:
        incident = brawl(one)["id"]
        one.now = START.timestamp()
        assert move(http, incident, "false_alarm").status_code == 200
        one.now += 2e12
        one.service.tick()
        assert one.service._correlator.get(incident) is None
        answer = move(http, incident, "acknowledged")
        assert (answer.status_code, answer.json()["allowed"]) == (409, [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/incidents/01890000-0000-7000-8000-000000000000", None, 404),
        ("GET", "/api/v1/incidents/nonsense", None, 422),
        ("GET", "/api/v1/incidents?state=closed", None, 422),
        ("GET", "/api/v1/incidents?limit=0", None, 422),
        ("GET", f"/api/v1/evidence/{'0' * 64}", None, 404),
        ("GET", "/api/v1/evidence/..%2f..%2fetc%2fpasswd", None, 404),
        ("GET", "/api/v1/nothing", None, 404),
        ("POST", "/api/v1/incidents/01890000-0000-7000-8000-000000000000/transition", {"to": "open"}, 404),
        ("POST", "/api/v1/incidents/01890000-0000-7000-8000-000000000000/transition", {"to": "gone"}, 422),
        ("POST", "/api/v1/incidents/01890000-0000-7000-8000-000000000000/transition", {}, 422),
        ("DELETE", "/api/v1/incidents", None, 405),
    ],
)
def test_errors_are_problem_documents(http: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    headers = {"content-type": "application/json"}
    answer = http.request(method, path, content=None if body is None else json.dumps(body), headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "detail", "status"}


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_without_end_is_refused_before_it_is_read(one: Desk, http: httpx.Client, announced: bool) -> None:
    incident = brawl(one)["id"]
    body = b'{"to": "acknowledged", "reason": "' + b"x" * 200_000
    answer = http.post(
        f"/api/v1/incidents/{incident}/transition",
        content=body if announced else iter([body[:100_000], body[100_000:]]),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_no_environment_makes_it_report_to_a_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI would look for exporters at the start, and fail without them or send what it serves to the collector."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://192.0.2.1:4318")
    with desk(tmp_path) as running:
        assert httpx.get(f"{running.url}/healthz").status_code == 200


@pytest.mark.logs_errors
def test_a_bug_is_a_problem_document_too(one: Desk, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one.store, "quarantine", lambda limit: 1 // 0)
    answer = http.get("/api/v1/quarantine")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "division" not in answer.text


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"host": "evil.example"}, "DNS rebinding"),
        ({"host": "127.0.0.1.evil.example"}, "DNS rebinding"),
        ({"origin": "https://evil.example"}, "cross-site request"),
        ({"origin": "http://127.0.0.1:1"}, "another server of this machine"),
        ({"origin": "null"}, "sandboxed page"),
        ({"sec-fetch-site": "cross-site"}, "cross-site request without origin"),
        ({"content-type": "text/plain"}, "what a form can send"),
    ],
)
def test_other_sites_cannot_act(one: Desk, http: httpx.Client, headers: dict[str, str], why: str) -> None:
    incident = brawl(one)["id"]
    assert move(http, incident, "resolved", **headers).status_code == 403, why
    assert one.incidents()[0]["state"] == "open"


def test_reads_need_this_machines_name_too(http: httpx.Client) -> None:
    assert http.get("/api/v1/incidents", headers={"host": "evil.example"}).status_code == 403
    assert http.get("/api/v1/incidents", headers={"host": "localhost:1234"}).status_code == 200


def test_the_page_itself_may_act(one: Desk, http: httpx.Client) -> None:
    incident = brawl(one)["id"]
    own = {"origin": one.url, "sec-fetch-site": "same-origin"}
    assert move(http, incident, "resolved", **own).status_code == 200


def test_each_look_at_evidence_is_noted(one: Desk, http: httpx.Client) -> None:
    event = make_event(0, "gate", "brawl")
    assert http.get(f"/api/v1/evidence/{SHA}").status_code == 404
    one.service.handle([Message(topics.evidence("site-1", "gate", event.id), JPEG, START.timestamp())])
    answer = http.get(f"/api/v1/evidence/{SHA}")
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [row[1:4] for row in one.store.audit(10)] == [("127.0.0.1", "evidence.read", SHA)]


def test_cameras_are_geojson(one: Desk, http: httpx.Client) -> None:
    one.take(make_event(0, "gate", location=place(0, 0)), make_event(0, "nowhere"))
    collection = http.get("/api/v1/cameras").json()
    gate, nowhere = collection["features"]
    assert gate["geometry"] == {"type": "Point", "coordinates": [106.8, -6.2]}
    assert nowhere["geometry"] is None
    assert (gate["properties"]["id"], gate["properties"]["state"]) == ("gate", "unknown")


def test_the_quarantine_says_what_was_wrong(one: Desk, http: httpx.Client) -> None:
    one.service.handle([Message("jaga/v1/site-1/gate/event", b'{"a": \xff', START.timestamp())])
    one.service.handle([Message("some/other/topic", b"x", START.timestamp())])
    other, broken = http.get("/api/v1/quarantine").json()["items"]
    assert (other["error"], broken["error"]) == ("BadTopic", "MalformedPayload")
    assert broken["payload"] == '{"a": \ufffd'
    one.service.handle([Message("some/other/topic", b"x" * 100_000, START.timestamp())])
    assert len(http.get("/api/v1/quarantine?limit=1").json()["items"][0]["payload"]) == 8_192
    assert len(http.get("/api/v1/quarantine?limit=1").json()["items"]) == 1


def test_metrics_health_and_openapi(one: Desk, http: httpx.Client) -> None:
    brawl(one)
    text = http.get("/metrics").text
    assert 'jaga_events_total{outcome="stored"} 1.0' in text
    assert http.get("/healthz").json() == {"status": "ok", "broker": True}
    paths = set(http.get("/openapi.json").json()["paths"])
    assert {"/api/v1/incidents", "/api/v1/incidents/{incident}/transition", "/api/v1/stream", "/metrics"} <= paths


def test_docs_name_every_operation_and_load_nothing(http: httpx.Client) -> None:
    page = http.get("/docs").text
    for path in http.get("/openapi.json").json()["paths"]:
        assert path in page
    assert "<script" not in page
    assert "//" not in page.replace("/docs", "")


def test_a_page_that_was_not_built_is_a_sentence(tmp_path: Path) -> None:
    with desk(tmp_path, static=tmp_path / "absent") as one:
        assert "make page" in httpx.get(one.url).text


def test_the_page_is_served_with_the_right_caching(tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Jaga</title>")
    (static / "assets" / "index-abc123.js").write_text("export {}")
    with desk(tmp_path, static=static) as one, httpx.Client(base_url=one.url) as http:
        page, script = http.get("/"), http.get("/assets/index-abc123.js")
        assert (page.headers["cache-control"], "Jaga" in page.text) == ("no-cache", True)
        assert "immutable" in script.headers["cache-control"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        absent = http.get("/assets/absent.js")
        assert (absent.status_code, "cache-control" in absent.headers) == (404, False)


def test_a_script_comes_compressed_to_who_takes_it(tmp_path: Path) -> None:
    assets = tmp_path / "static" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<!doctype html>")
    (assets / "index-abc.js").write_text("export const plain = 1;")
    (assets / "index-abc.js.gz").write_bytes(gzip.compress(b"export const compressed = 1;"))
    with desk(tmp_path, static=assets.parent) as one, httpx.Client(base_url=one.url) as http:
        found = http.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip, br"})
        assert (found.text, found.headers["content-encoding"]) == ("export const compressed = 1;", "gzip")
        assert found.headers["content-type"].startswith("text/javascript")
        assert (found.headers["vary"], "immutable" in found.headers["cache-control"]) == ("Accept-Encoding", True)
        plain = http.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
        assert (plain.text, "content-encoding" in plain.headers) == ("export const plain = 1;", False)
        for path in ("/assets/absent.js", "/..%2f..%2fsecret.js", f"/{'x' * 3000}.js"):
            assert http.get(path, headers={"Accept-Encoding": "gzip"}).status_code == 404


def test_a_page_costs_the_same_among_ten_thousand_incidents(one: Desk, http: httpx.Client) -> None:
    """Counted in instructions of SQLite's virtual machine: a scan over all incidents would be a hundred times more."""
    brawl(one)
    ((first, _, _),) = one.store.restore(0).incidents
    instructions = 0

    def count() -> None:
        nonlocal instructions
        instructions += 10

    def page_among(incidents: range) -> int:
        nonlocal instructions
        ids = [derived_uuid7(number, "incident") for number in incidents]
        rows = {each: IncidentRow(replace(first, id=each), (), incident_view(replace(first, id=each))) for each in ids}
        one.store.commit(Batch(incidents=rows))
        instructions = 0
        assert len(http.get("/api/v1/incidents?state=open&limit=100").json()["items"]) == 100
        return instructions

    with one.store._reader() as reader:
        reader.set_progress_handler(count, 10)
    few = page_among(range(200))
    assert few > 0
    assert page_among(range(200, 10_000)) <= 2 * few


def test_answers_are_what_openapi_says(one: Desk) -> None:
    """schemathesis makes valid and invalid requests for each operation and judges the answers by the schema."""
    brawl(one)
    schema = schemathesis.openapi.from_url(f"{one.url}/openapi.json").exclude(path="/api/v1/stream")
    found = list(schema.get_all_operations())
    operations = [one_found.ok() for one_found in found if isinstance(one_found, Ok)]
    assert len(operations) == len(found)
    assert len(operations) == len(ROUTES) - len({"/api/v1/stream", "/openapi.json", "/docs"})
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def judge(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate()

        judge()


def test_a_silence_that_would_turn_the_direction_of_the_page_is_refused(http: httpx.Client) -> None:
    body = {"reason": "\u202ework", "site": "s", "expires": "2099-01-01T00:00:00Z"}
    assert http.post("/api/v1/silences", json=body).status_code == 422


def test_a_silence_beyond_all_calendars_is_refused(one: Desk, http: httpx.Client) -> None:
    """The year 10000 in UTC: no answer could say when it ends."""
    ends = {"starts": "9999-12-31T22:00:00-12:00", "expires": "9999-12-31T23:00:00-12:00"}
    answer = http.post("/api/v1/silences", json={"reason": "r", "site": "s", **ends})
    assert answer.status_code == 422, answer.text
    assert "expires" in answer.json()["detail"]
    assert http.get("/api/v1/silences").json()["items"] == []
