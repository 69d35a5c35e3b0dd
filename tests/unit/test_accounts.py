"""The parts of logging in that need no server: waiting, weak passwords, the table, and time."""

import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.accounts import Accounts, LoginDelayed, LoginRefused, Policy, network, normal
from aggregator.adapters.passwords_argon2 import Argon2Passwords
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.access import PERMISSIONS, ROLES, ROUTES, WHOLE_CITY, granted, needed
from aggregator.core.lockout import Attempts, Backoff
from aggregator.core.people import User, weakness
from aggregator.live import Delta, Live
from aggregator.roster import usable
from tests.desks import QUICK


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2_000), st.booleans()), max_size=60), st.integers(1, 8))
def test_a_guesser_gets_few_tries_whatever_his_rhythm(steps: list[tuple[float, bool]], free: int) -> None:
    """Against a plain count: attempts that are allowed, within any 300 s, after the free ones are used up."""
    policy = Backoff(free=free, forget_s=900.0)
    attempts, now, allowed = Attempts(policy), 0.0, list[float]()
    for pause, patient in steps:
        now += pause
        wait = attempts.wait("rina", now)
        if wait > 0 and patient:
            now += wait
            wait = attempts.wait("rina", now)
            assert wait <= 1e-6, "who waits as long as he is told may try"
        if wait <= 0:
            attempts.begin("rina", now)
            allowed.append(now)
    for first, later in zip(allowed, allowed[free:], strict=False):
        burst = [t for t in allowed if first <= t <= later]
        pauses = [b - a for a, b in pairwise(burst)]
        assert max(pauses) >= 900.0 or later - first >= policy.first_s - 1e-6
    assert all(wait <= policy.longest_s for wait in [attempts.wait("rina", now)])


def test_the_memory_of_attempts_is_bounded_and_a_success_counts_for_one() -> None:
    attempts = Attempts(Backoff(free=1), most=3)
    for name in "abcd":
        attempts.begin(name, 0.0)
    assert [attempts.wait(name, 0.0) for name in "abcd"] == [0.0, 1.0, 1.0, 1.0]
    attempts.begin("d", 1.0)
    attempts.forgive("d", all_of_it=False)
    assert attempts.wait("d", 1.0) == 1.0
    attempts.forgive("d", all_of_it=True)
    assert attempts.wait("d", 1.0) == 0.0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", "unknown"),
    ],
)
def test_what_one_attacker_holds_of_addresses(address: str, expected: str) -> None:
    assert network(address) == expected


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("correct horse battery", None),
        ("kata sandi yang panjang", None),
        ("a" * 11, "people.password_short"),
        ("x" * 257, "people.password_long"),
        ("abababababababab", "people.password_weak"),
        ("my name is Rina", "people.password_weak"),
        ("Password1234", "people.password_weak"),
    ],
)
def test_weak_passwords(password: str, why: str | None) -> None:
    assert weakness("rina", password) == why


def test_names_are_one_whatever_the_keyboard() -> None:
    assert normal("  RINA ") == normal("ｒｉｎａ") == "rina"
    assert not usable(normal("a" * 63 + "\nb")), "what is left when a long name is cut"


def test_the_product_hashes_with_argon2id_at_its_full_cost() -> None:
    passwords = Argon2Passwords()
    known = passwords.hash("correct horse battery")
    assert known.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(known, "correct horse battery")
    assert not passwords.matches(known, "wrong")
    assert not passwords.matches(None, "nobody has this password")
    assert not passwords.matches("no hash at all", "x")
    assert passwords.stale(QUICK.hash("x"))
    assert not passwords.stale(known)


def test_an_older_hash_is_made_anew_at_the_login(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jaga.sqlite")
    people = SqlitePeople(store)
    weak = Argon2Passwords(time_cost=1, memory_kib=16, parallelism=1)
    people.put_user(User("rina", "operator", password=QUICK.hash("correct horse")), ())
    Accounts(people, weak, Policy(), lambda: 1.0).login("rina", "correct horse", "x")
    user = people.user("rina")
    assert user is not None
    assert not weak.stale(user.password or "")
    store.close()


def test_hashes_are_computed_two_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of logins takes 128 MiB and two cores, not all there is."""
    store = SqliteStore(tmp_path / "jaga.sqlite")
    monkeypatch.setattr("aggregator.accounts.HASH_PATIENCE_S", 0.05)
    inside, most, door = 0, 0, threading.Event()
    lock = threading.Lock()

    class Slow(Argon2Passwords):
        def matches(self, known: str | None, password: str) -> bool:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            door.wait(5)
            with lock:
                inside -= 1
            return False

    accounts = Accounts(SqlitePeople(store), Slow(1, 8, 1), Policy(), lambda: 1.0)
    outcomes: list[type[Exception]] = []

    def attempt(name: str) -> None:
        try:
            accounts.login(name, "x", "y")
        except (LoginRefused, LoginDelayed) as error:
            outcomes.append(type(error))
            if outcomes.count(LoginDelayed) == 4:
                door.set()

    threads = [threading.Thread(target=attempt, args=(f"user-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (most, outcomes.count(LoginDelayed), outcomes.count(LoginRefused)) == (2, 4, 2)
    store.close()


def test_a_district_takes_away_what_cannot_be_cut_down() -> None:
    for role in ROLES:
        assert granted(role, limited=False) == ROLES[role]
        assert granted(role, limited=True) == ROLES[role] - WHOLE_CITY
        assert granted(role, limited=False, scopes=("metrics.read",)) <= {"metrics.read"}
    assert granted("operator", limited=False, scopes=PERMISSIONS) == ROLES["operator"]


@settings(deadline=None)
@given(st.sampled_from(sorted(ROUTES)), st.text(st.characters(codec="ascii"), min_size=1, max_size=12))
def test_a_route_is_found_whatever_stands_in_its_place(route: str, word: str) -> None:
    method, path = route.split(" ")
    for name in ("{incident}", "{sha256}", "{name}"):
        path = path.replace(name, word.replace("/", "-").replace("\n", "-"))
    assert needed(method, path) == ROUTES[route]
    if method == "GET":
        assert needed("HEAD", path) == ROUTES[route]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", "anybody"),
        ("GET", "/assets/index-abc.js", "anybody"),
        ("POST", "/", None),
        ("GET", "/api/v1/incidents/x/transition", ("POST",)),
        ("PUT", "/api/v1/session", ("DELETE", "GET", "POST")),
        ("GET", "/api/v1/incidents/", None),
        ("GET", "/api/v1/incidents/a/b", None),
        ("GET", "/api/v1/evidence/a/../../audit", None),
        ("GET", "/docs/../api/v1/audit", None),
        ("GET", "/metricsx", None),
        ("TRACE", "/", None),
    ],
)
def test_what_is_not_a_route_of_the_table(method: str, path: str, expected: object) -> None:
    assert needed(method, path) == expected


def test_a_delta_is_for_who_may_see_where_it_lies() -> None:
    live = Live("boot")
    live.publish([Delta("incident", b"1", ("site-1", "site-2")), Delta("desk", b"2", ()), Delta("silence", b"3", None)])

    def seen_by(*sites: str) -> list[bytes]:
        number, body = live.since(0, sees=lambda asked: not set(asked).isdisjoint(sites)) or (0, b"")
        assert number == live.last
        return [line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith(b"data: ")]

    assert (seen_by("site-2"), seen_by("site-3")) == ([b"1", b"3"], [b"3"])
    everything = live.since(0)
    assert (everything or (0, b""))[1].count(b"data: ") == 3
    assert live.since(0) == everything, "what all get is put together once"


def test_what_is_gone_is_told_to_who_saw_it_and_sees_it_no_more() -> None:
    live = Live("boot")
    live.publish([Delta("gone", b"1", ("site-1",), ("site-2",))])

    def told(*sites: str) -> bool:
        return b"data: 1" in (live.since(0, sees=lambda asked: not set(asked).isdisjoint(sites)) or (0, b""))[1]

    assert [told("site-1"), told("site-1", "site-2"), told("site-2"), told("site-3")] == [True, False, False, False]
    assert live.since(0) == (1, b""), "who sees everything still sees it"
