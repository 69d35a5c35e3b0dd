"""Sections of the aggregator's config about who may log in, and from where: see aggregator.config."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from msgspec.structs import replace

from aggregator.accounts import Policy
from aggregator.core.access import Role
from contract.errors import ConfigError, words
from contract.events import Name
from contract.sentence import Sentence, sentence

Wrong = Callable[[str, object, str | Sentence], Exception]
"""(key, value, what is allowed) -> the error to raise. What is allowed: signs that need no language, or a sentence."""
Url = Annotated[str, Meta(pattern=r"^https?://[^/\s?#]+", max_length=255)]


class HttpSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """host: anything but loopback needs accounts and public_url. stream_clients: fewer than
    aggregator.runtime.MOST_CONNECTIONS. public_url: where other machines reach the page; the only Host that is answered
    besides loopback. tls_cert, tls_key: PEM files. proxies: addresses whose X-Forwarded-For is believed."""

    host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    stream_clients: Annotated[int, Meta(ge=1, le=800)] = 500
    public_url: Url | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    proxies: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return (self.public_url or "").startswith("https://")

    @property
    def names(self) -> frozenset[str]:
        """Host names besides this machine's own."""
        name = urlsplit(self.public_url).hostname if self.public_url else None
        return frozenset({name}) if name else frozenset()

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


class AccountsSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.accounts.Policy."""

    idle_minutes: Annotated[float, Meta(ge=1)] = 60.0
    max_hours: Annotated[float, Meta(gt=0, le=168)] = 12.0


class DistrictSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the city: what lies at these sites."""

    name: Name
    sites: tuple[Name, ...]


class OidcSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenID Connect. role_claim: its value, or one of its values, is looked up in roles. name_claim: becomes the name
    of the account. district_claim: names of districts."""

    issuer: Url
    client_id: Annotated[str, Meta(min_length=1)]
    roles: dict[str, Role]
    client_secret_file: str | None = None
    role_claim: str = "groups"
    name_claim: str = "preferred_username"
    district_claim: str | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    signed_with: Literal["RS256", "ES256", "PS256", "EdDSA"] = "RS256"


class Oidc(Struct, frozen=True, kw_only=True):
    """What aggregator.sign_on needs. callback: the address to which the provider sends the browser back."""

    section: OidcSection
    secret: str | None
    callback: str


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def readable(error: OSError | ValueError) -> Sentence:
    """What is allowed where a file could not be read."""
    detail = words(error) if isinstance(error, OSError) else str(error)
    return sentence("aggregator.allowed.readable", detail=detail)


def policy(accounts: AccountsSection, districts: tuple[DistrictSection, ...], *, required: bool) -> Policy:
    sites = {one.name: frozenset(one.sites) for one in districts}
    return Policy(accounts.idle_minutes * 60, accounts.max_hours * 3600, sites, required)


def check_http(http: HttpSection, wrong: Wrong, path: Path) -> HttpSection:
    """The section with absolute paths. path: the config file. Raises ConfigError."""
    if not http.loopback and not http.secure:
        raise ConfigError("aggregator.config_not_loopback", file=str(path), key="http.host", value=http.host)
    public = urlsplit(http.public_url or "")
    if public.path.strip("/") or public.query or public.fragment:
        raise wrong("http.public_url", http.public_url, sentence("aggregator.allowed.origin"))
    if http.public_url and not http.secure and not is_loopback(public.hostname or ""):
        raise wrong("http.public_url", http.public_url, sentence("aggregator.allowed.secure"))
    if (http.tls_cert is None) != (http.tls_key is None):
        raise wrong("http.tls_key", http.tls_key, sentence("aggregator.allowed.both"))
    if http.tls_cert and not http.secure:
        raise wrong("http.public_url", http.public_url, sentence("aggregator.allowed.certified"))
    for proxy in http.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise wrong("http.proxies", proxy, sentence("aggregator.allowed.networks")) from error
    files = {}
    for key in ("tls_cert", "tls_key"):
        value = getattr(http, key)
        if value is None:
            continue
        files[key] = str((path.parent / Path(value).expanduser()).resolve())
        if not Path(files[key]).is_file():
            raise wrong(f"http.{key}", value, sentence("aggregator.allowed.file"))
    return replace(http, **files)


def check_districts(districts: tuple[DistrictSection, ...], wrong: Wrong) -> None:
    names = [one.name for one in districts]
    for name in names:
        if names.count(name) > 1:
            raise wrong("district.name", name, sentence("aggregator.allowed.once"))


def oidc(section: OidcSection | None, http: HttpSection, wrong: Wrong, folder: Path) -> Oidc | None:
    if section is None:
        return None
    if http.public_url is None:
        raise wrong("http.public_url", None, sentence("aggregator.allowed.back"))
    issuer = urlsplit(section.issuer)
    if issuer.scheme != "https" and not is_loopback(issuer.hostname or ""):
        raise wrong("oidc.issuer", section.issuer, "https://")
    secret = None
    if section.client_secret_file is not None:
        try:
            secret = (folder / Path(section.client_secret_file).expanduser()).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise wrong("oidc.client_secret_file", section.client_secret_file, readable(error)) from error
    return Oidc(section=section, secret=secret, callback=http.public_url.rstrip("/") + "/api/v1/oidc/callback")
