"""OpenID Connect against a provider that is a process of its own."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from aggregator.accounts import Policy
from aggregator.adapters.oidc_authlib import AuthlibProvider
from aggregator.core.lockout import BY_ADDRESS
from aggregator.sign_on import FLOW_S, Mapped, SignOn
from tests.brokers import free_port
from tests.desks import Desk, desk
from tests.oidc_provider import CLIENT, SECRET, Provider
from tests.people import add, roster

MAPPED = Mapped({"jaga-chiefs": "administrator", "jaga-operators": "operator"}, "groups", "preferred_username")
RINA = {"sub": "4711", "preferred_username": "Rina", "groups": ["staff", "jaga-operators"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def one(tmp_path: Path, provider: Provider) -> Iterator[Desk]:
    with signing_on(tmp_path, provider, MAPPED) as running:
        yield running


def signing_on(
    folder: Path, provider: Provider, mapped: Mapped, secret: str = SECRET, algorithm: str = "RS256"
) -> AbstractContextManager[Desk]:
    """A desk whose users come from the provider."""
    port = free_port()
    callback = f"http://127.0.0.1:{port}/api/v1/oidc/callback"
    policy = Policy(districts={"north": frozenset({"site-1"})}, required=True)

    def sign_on(one: Desk) -> SignOn:
        found = AuthlibProvider(provider.issuer, CLIENT, secret, callback, algorithm=algorithm)
        return SignOn(found, mapped, one.accounts, one.people, policy, lambda: one.now)

    return desk(folder, people_policy=policy, port=port, sign_on=sign_on)


def come(one: Desk, http: httpx.Client) -> str:
    """Through the provider and back; where the browser ends up."""
    at_provider = http.get(f"{one.url}/api/v1/oidc/login")
    back = http.get(at_provider.headers["location"])
    return http.get(back.headers["location"]).headers["location"]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def test_a_login_makes_an_account_and_opens_it_again(one: Desk, http: httpx.Client, provider: Provider) -> None:
    assert http.get(f"{one.url}/api/v1/incidents").status_code == 401, "with a provider somebody has to log in"
    assert http.get(f"{one.url}/api/v1/session").json()["sign_on"] is True
    provider.next(claims=RINA)
    assert come(one, http) == "/"
    user = http.get(f"{one.url}/api/v1/session").json()["user"]
    assert (user["name"], user["role"]) == ("rina", "operator")
    assert one.people.users()[0].subject == f"{provider.issuer} 4711", "a subject is its issuer's"
    assert http.get(f"{one.url}/api/v1/incidents").status_code == 200
    provider.next(claims=RINA | {"preferred_username": "renamed", "groups": ["jaga-chiefs"]})
    assert come(one, http) == "/"
    assert [(one.name, one.role) for one in one.people.users()] == [("rina", "administrator")]
    assert [row[1:4] for row in one.store.audit(10)] == [
        ("rina", "session.login", "sign_on"),
        ("sign_on", "user.change", "rina"),
        ("rina", "session.login", "sign_on"),
        ("sign_on", "user.add", "rina"),
    ]


def test_the_request_is_bound_to_the_browser_and_to_a_secret(one: Desk, http: httpx.Client, provider: Provider) -> None:
    provider.next(claims=RINA)
    answer = http.get(f"{one.url}/api/v1/oidc/login")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    asked = {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    again = parse_qs(urlsplit(http.get(f"{one.url}/api/v1/oidc/login").headers["location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert again[name][0] != asked[name]


def test_another_sites_page_begins_no_login(one: Desk, http: httpx.Client, provider: Provider) -> None:
    """Neither with a link nor with the address of a picture; and it uses up nobody's tries."""
    for site in ("cross-site", "same-site"):
        for _ in range(BY_ADDRESS.free + 1):
            answer = http.get(f"{one.url}/api/v1/oidc/login", headers={"sec-fetch-site": site})
            assert (answer.status_code, answer.headers["location"], "set-cookie" in answer.headers) == (303, "/", False)
    for own in ("same-origin", "none"):
        answer = http.get(f"{one.url}/api/v1/oidc/login", headers={"sec-fetch-site": own})
        assert answer.headers["location"].startswith(provider.issuer)


def test_a_login_ends_the_session_that_came_along(one: Desk, http: httpx.Client, provider: Provider) -> None:
    """Session fixation: neither what somebody planted is the session then, nor the one of before."""
    provider.next(claims=RINA)
    http.cookies.set("jaga", "planted" * 6, domain="127.0.0.1")
    assert come(one, http) == "/"
    first = next(cookie.value for cookie in http.cookies.jar if cookie.name == "jaga" and cookie.value != "planted" * 6)
    assert first is not None
    http.cookies = httpx.Cookies({"jaga": first})
    assert come(one, http) == "/"
    statuses = [
        httpx.get(f"{one.url}/api/v1/incidents", cookies={"jaga": value}).status_code
        for value in ("planted" * 6, first, *(one.value or "" for one in http.cookies.jar if one.value != first))
    ]
    assert statuses == [401, 401, 200]


def test_a_callback_counts_once_in_its_own_browser_and_for_a_while(one: Desk, provider: Provider) -> None:
    """Login cross-site request forgery: the attacker's own callback address does nothing in the victim's browser."""
    provider.next(claims=RINA)

    def begun(browser: httpx.Client) -> str:
        at_provider = browser.get(f"{one.url}/api/v1/oidc/login").headers["location"]
        return browser.get(at_provider).headers["location"]

    with httpx.Client() as attacker, httpx.Client() as victim:
        theirs = begun(attacker)
        begun(victim)
        for address in (theirs, f"{one.url}/api/v1/oidc/callback", theirs.replace("state=", "state=x")):
            assert victim.get(address).headers["location"] == "/#/login/expired"
            assert "jaga" not in victim.cookies
        kept = attacker.cookies["jaga-oidc"]
        assert attacker.get(theirs).headers["location"] == "/"
        assert attacker.get(theirs).headers["location"] == "/#/login/expired"
        again = httpx.get(theirs, cookies={"jaga-oidc": kept})
        assert again.headers["location"] == "/#/login/expired", "also where the browser kept what it was to forget"
        late = begun(victim)
        one.now += FLOW_S
        assert victim.get(late).headers["location"] == "/#/login/expired"


@pytest.mark.parametrize(
    "lie",
    [
        {"forge": True},
        {"none": True},
        {"claims": RINA | {"iss": "http://127.0.0.1:1"}},
        {"claims": RINA | {"aud": "another"}},
        {"claims": RINA | {"aud": "another", "azp": CLIENT}},
        {"claims": RINA | {"aud": ["another", CLIENT], "azp": "another"}},
        {"claims": RINA | {"nonce": "of another login"}},
        {"claims": RINA | {"exp": int(time.time()) - 3600}},
        {"claims": {name: value for name, value in RINA.items() if name != "sub"}},
    ],
    ids=["forged", "unsigned", "issuer", "audience", "for_another", "party", "nonce", "expired", "nobody"],
)
def test_an_id_token_that_does_not_hold_opens_nothing(
    one: Desk, http: httpx.Client, provider: Provider, lie: dict[str, object]
) -> None:
    provider.next(**({"claims": RINA} | lie))
    assert come(one, http) == "/#/login/provider"
    assert one.people.users() == []
    assert http.get(f"{one.url}/api/v1/incidents").status_code == 401


def test_who_has_no_role_or_whose_name_is_taken_is_refused_with_the_reason(
    one: Desk, http: httpx.Client, provider: Provider
) -> None:
    add(one, "rina", "administrator")
    add(one, "chief", "administrator")
    provider.next(claims=RINA)
    assert come(one, http) == "/#/login/name", "a local account is not taken over by its name"
    provider.next(claims=RINA | {"groups": ["staff"]})
    assert come(one, http) == "/#/login/role"
    provider.next(claims=RINA | {"preferred_username": "system"})
    assert come(one, http) == "/#/login/name"
    provider.next(claims=RINA | {"preferred_username": "budi"})
    assert come(one, http) == "/"
    roster(one).change("budi", disabled=True)
    assert come(one, http) == "/#/login/disabled"
    assert {row[3] for row in one.store.audit(20) if row[2] == "session.refused"} == {
        "sign_on name",
        "sign_on role",
        "sign_on disabled",
    }


def test_districts_come_with_the_claim_or_nobody_comes(tmp_path: Path, http: httpx.Client, provider: Provider) -> None:
    with signing_on(tmp_path, provider, replace(MAPPED, district_claim="districts")) as one:
        provider.next(claims=RINA)
        assert come(one, http) == "/#/login/district"
        provider.next(claims=RINA | {"districts": ["north", "unheard"]})
        assert come(one, http) == "/"
        assert one.people.users()[0].districts == ("north",)


def test_without_a_claim_for_districts_a_login_leaves_those_that_were_given(
    one: Desk, http: httpx.Client, provider: Provider
) -> None:
    provider.next(claims=RINA)
    assert come(one, http) == "/"
    roster(one).change("rina", districts=["north"])
    assert come(one, http) == "/"
    assert http.get(f"{one.url}/api/v1/session").json()["user"]["districts"] == ["north"]
    provider.next(claims=RINA | {"groups": ["jaga-chiefs"]})
    assert come(one, http) == "/"
    assert http.get(f"{one.url}/api/v1/session").json()["user"]["districts"] == [], "an administrator has none"


@pytest.mark.parametrize(("secret", "algorithm"), [("wrong", "RS256"), (SECRET, "ES256")])
def test_a_wrong_secret_or_another_algorithm_opens_nothing(
    tmp_path: Path, http: httpx.Client, provider: Provider, secret: str, algorithm: str
) -> None:
    with signing_on(tmp_path, provider, MAPPED, secret, algorithm) as one:
        provider.next(claims=RINA)
        assert come(one, http) == "/#/login/provider"


def test_a_provider_that_does_not_answer_is_a_sentence(tmp_path: Path, http: httpx.Client) -> None:
    silent = Provider()
    with signing_on(tmp_path, silent, MAPPED) as one:
        assert http.get(f"{one.url}/api/v1/oidc/login").headers["location"] == "/#/login/provider"


@pytest.mark.parametrize("lacks", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_a_provider_that_does_not_describe_itself_is_a_sentence(
    tmp_path: Path, http: httpx.Client, provider: Provider, lacks: str
) -> None:
    provider.next(claims=RINA, lacks=lacks)
    with signing_on(tmp_path, provider, MAPPED) as one:
        assert http.get(f"{one.url}/api/v1/oidc/login").headers["location"] == "/#/login/provider"
        provider.next(claims=RINA)
        assert come(one, http) == "/", "what it lacked is not remembered"


def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    tmp_path: Path, http: httpx.Client, provider: Provider
) -> None:
    """Discovery 1.0, 4.3: the issuer of the description is the one it was asked of."""
    provider.next(claims=RINA, calls_itself="https://login.other.example")
    with signing_on(tmp_path, provider, MAPPED) as one:
        assert http.get(f"{one.url}/api/v1/oidc/login").headers["location"] == "/#/login/provider"


def test_who_begins_too_many_logins_waits_and_pushes_nobody_out(
    one: Desk, http: httpx.Client, provider: Provider
) -> None:
    """Those who come through are no burden: a whole shift may sit behind one address."""
    provider.next(claims=RINA)
    for _ in range(BY_ADDRESS.free + 1):
        assert come(one, http) == "/"
    begun = http.get(http.get(f"{one.url}/api/v1/oidc/login").headers["location"]).headers["location"]
    ends = [httpx.get(f"{one.url}/api/v1/oidc/login").headers["location"] for _ in range(BY_ADDRESS.free)]
    assert ends[-1] == "/#/login/wait"
    assert ends.count("/#/login/wait") == 1
    assert http.get(begun).headers["location"] == "/", "what was begun before goes on"
    one.now += BY_ADDRESS.forget_s
    assert come(one, http) == "/"


def test_without_a_provider_there_is_no_such_login(tmp_path: Path, http: httpx.Client) -> None:
    with desk(tmp_path) as one:
        assert http.get(f"{one.url}/api/v1/oidc/login").status_code == 404
        assert http.get(f"{one.url}/api/v1/oidc/callback").status_code == 404
