"""OpenID Connect by Authlib: authorization code with PKCE; the ID token's signature, issuer, audience, times and nonce
are checked (OpenID Connect Core 1.0, 3.1.3.7)."""

import threading
from collections.abc import Mapping
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from aggregator.core.people import Flow, SignOnRefused

TIMEOUT_S = 10.0
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEEWAY_S = 60
"""How far the provider's clock may be off."""


class AuthlibProvider:
    """See aggregator.core.people.Provider. Any thread."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        secret: str | None,
        callback: str,
        scopes: tuple[str, ...] = ("openid", "profile"),
        algorithm: str = "RS256",
    ) -> None:
        self._issuer, self._client_id, self._secret = issuer, client_id, secret
        self._callback, self._scopes, self._algorithm = callback, " ".join(scopes), algorithm
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: KeySet | None = None

    def begin(self) -> Flow:
        flow = Flow("", generate_token(43), generate_token(43), generate_token(64))
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._endpoint(session, "authorization_endpoint"),
                state=flow.state,
                code_verifier=flow.verifier,
                nonce=flow.nonce,
            )
        return Flow(str(url), flow.state, flow.nonce, flow.verifier)

    def finish(self, flow: Flow, code: str) -> Mapping[str, Any]:
        try:
            with self._session() as session:
                answer = session.fetch_token(
                    self._endpoint(session, "token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.verifier,
                    timeout=TIMEOUT_S,
                )
                return self._claims(session, answer, flow)
        except (OSError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            raise SignOnRefused("provider", str(error)) from error

    def _claims(self, session: OAuth2Session, answer: Mapping[str, Any], flow: Flow) -> Mapping[str, Any]:
        token = self._decoded(session, answer["id_token"])
        required = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        expected = {"nonce": flow.nonce, "client_id": self._client_id, "access_token": answer.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, required, expected)
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    def _decoded(self, session: OAuth2Session, token: str) -> jwt.Token:
        """One algorithm is accepted, never what the token itself proposes. Keys may have been changed meanwhile."""
        try:
            return jwt.decode(token, self._key_set(session), algorithms=[self._algorithm])
        except InvalidKeyIdError:
            return jwt.decode(token, self._key_set(session, fresh=True), algorithms=[self._algorithm])

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._secret,
            scope=self._scopes,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
        )

    def _endpoint(self, session: OAuth2Session, name: str) -> str:
        with self._lock:
            if self._metadata is None:
                self._metadata = self._described(session)
            return str(self._metadata[name])

    def _described(self, session: OAuth2Session) -> dict[str, Any]:
        """The provider's own description (OpenID Connect Discovery 1.0, 4)."""
        try:
            found = _get(session, self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        except (OSError, ValueError) as error:
            raise SignOnRefused("provider", str(error)) from error
        if found.get("issuer") != self._issuer:
            raise SignOnRefused("provider", f"{self._issuer} calls itself {found.get('issuer')}")
        lacking = [name for name in ENDPOINTS if not isinstance(found.get(name), str)]
        if lacking:
            raise SignOnRefused("provider", f"{self._issuer} does not say its {', '.join(lacking)}")
        return found

    def _key_set(self, session: OAuth2Session, *, fresh: bool = False) -> KeySet:
        address = self._endpoint(session, "jwks_uri")
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(_get(session, address))  # type: ignore[arg-type]
            return self._keys


def _get(session: OAuth2Session, url: str) -> dict[str, Any]:
    answer = session.get(url, withhold_token=True, timeout=TIMEOUT_S)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
