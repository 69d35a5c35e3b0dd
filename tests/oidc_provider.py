"""A small OpenID Connect provider, a process of its own: `python -m tests.oidc_provider PORT`.

It asks nobody anything: whoever comes to /authorize is the user whom POST /next named, and is sent back at once. It is
strict about what a client has to get right: redirect address, PKCE, client secret, each code once. POST /next can also
make it lie: `claims` overrides those of the ID token, `forge` signs it with a key that it does not publish, `none` not
at all.
"""

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.brokers import free_port, wait_until

CLIENT, SECRET = "jaga", "the provider's secret for jaga"


class State:
    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.forged = RSAKey.generate_key(2048, {"kid": "1"})
        self.next: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked.get("nonce", "")}
        claims |= self.next.get("claims", {})
        if self.next.get("none"):
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."
            )
        key = self.forged if self.next.get("forge") else self.key
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


class Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        issuer = self.state.issuer
        if path == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            names.pop(self.state.next.get("lacks", ""), None)
            named = self.state.next.get("calls_itself", issuer)
            self._json({"issuer": named} | {name: f"{issuer}/{end}" for name, end in names.items()})
        elif path == "/keys":
            self._json(KeySet([self.state.key]).as_dict(private=False))
        elif path == "/asked":
            self._json(self.state.asked)
        elif path == "/authorize" and asked.get("code_challenge_method") == "S256" and asked["client_id"] == CLIENT:
            code = secrets.token_urlsafe(16)
            self.state.asked.append(asked)
            self.state.codes[code] = asked
            self.send_response(302)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self.send_error(400)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/next":
            self.state.next = json.loads(body)
            self._json({})
            return
        sent = {key: values[0] for key, values in parse_qs(body).items()}
        asked = self.state.codes.pop(sent.get("code", ""), None)
        challenge = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        good = (
            asked is not None
            and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
            and sent.get("redirect_uri") == asked["redirect_uri"]
            and self._client() == (CLIENT, SECRET)
        )
        if not good or asked is None:
            self._json({"error": "invalid_grant"}, 400)
            return
        access = secrets.token_urlsafe(8)
        self._json({"access_token": access, "token_type": "Bearer", "id_token": self.state.token(asked)})

    def _client(self) -> tuple[str, str]:
        sent = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(sent).decode().partition(":")
        return name, secret

    def _json(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Provider:
    """The process; `with` starts and ends it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.oidc_provider", str(self.port)])
        wait_until(self._answers, 20, "the provider answers")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait(10)

    def next(self, **said: Any) -> None:
        """Who comes next, and how the provider behaves."""
        httpx.post(f"{self.issuer}/next", json=said, timeout=10).raise_for_status()

    def asked(self) -> list[dict[str, str]]:
        """The parameters of each authorization request."""
        found: list[dict[str, str]] = httpx.get(f"{self.issuer}/asked", timeout=10).json()
        return found

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.issuer}/keys", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


def main(port: int) -> None:
    Handler.state = State(port)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
