"""What the API answers and takes about accounts, sessions and the audit log, for OpenAPI."""

from pydantic import BaseModel, ConfigDict, Field

from aggregator.core.access import Permission, Role
from aggregator.core.people import MAX_PASSWORD, NAME_PATTERN


class SessionUser(BaseModel):
    """districts: none means the whole city. csrf: to be sent as X-CSRF-Token with everything that is not a read."""

    name: str
    role: Role
    districts: list[str]
    permissions: list[Permission]
    expires: str | None
    csrf: str


class ZoneOut(BaseModel):
    """The site's time zone: its IANA name, and what people call it."""

    name: str
    label: str


class SessionOut(BaseModel):
    """accounts: whether anybody has to log in. sign_on: whether OpenID Connect is offered. zone: whose clock the page
    shows."""

    accounts: bool
    sign_on: bool
    zone: ZoneOut
    user: SessionUser | None


class LoginIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    current: str = Field(min_length=1, max_length=MAX_PASSWORD)
    new: str = Field(min_length=1, max_length=MAX_PASSWORD)


class UserOut(BaseModel):
    """sign_on: logs in by OpenID Connect."""

    name: str
    role: Role
    districts: list[str]
    disabled: bool
    sign_on: bool
    created: str


class Users(BaseModel):
    """districts: those that the config knows."""

    items: list[UserOut]
    districts: list[str]


class UserIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64, pattern=NAME_PATTERN)
    role: Role
    districts: list[str] = Field([], max_length=100)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class UserChange(BaseModel):
    """What is left out stays. Every change ends the user's sessions."""

    model_config = ConfigDict(extra="forbid")
    role: Role = "viewer"
    districts: list[str] = Field([], max_length=100)
    disabled: bool = False
    password: str = Field("", min_length=1, max_length=MAX_PASSWORD)


class AuditRecord(BaseModel):
    """hash: SHA-256 of the record with the hash before (prev); see docs/guide/accounts.md."""

    seq: int
    time: str
    actor: str
    action: str
    object: str
    detail: str
    prev: str
    hash: str


class AuditPage(BaseModel):
    """anchor: the end of the chain; whoever notes it can later show that nothing was rewritten."""

    items: list[AuditRecord]
    next: int | None
    anchor: str
