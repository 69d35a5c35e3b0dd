"""docs/guide/accounts.md shows the permissions that the code gives, and every action that the audit log can hold."""

import re

from aggregator.core.access import PERMISSIONS, ROLES
from tests.architecture.source import modules
from tests.data import ROOT

TEXT = (ROOT / "docs" / "guide" / "accounts.md").read_text("utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip(" `") for cell in line.strip().strip("|").split("|")]


def test_the_table_of_roles_is_the_codes() -> None:
    head, _, *rows = re.findall(r"^\|.*\|$", TEXT.partition("## Roles")[2].partition("##")[0], re.MULTILINE)
    assert tuple(cells(head)[1:]) == tuple(ROLES)
    documented = {cells(row)[0]: dict(zip(ROLES, cells(row)[1:], strict=True)) for row in rows}
    assert tuple(documented) == PERMISSIONS
    for permission in PERMISSIONS:
        for role in ROLES:
            assert (documented[permission][role] == "✓") == (permission in ROLES[role]), (permission, role)


def test_every_action_of_the_audit_log_is_listed() -> None:
    table = TEXT.partition("| action | object | detail |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`(\w+\.\w+)`", table))
    written = set()
    for module in modules():
        if module.within("aggregator") and not module.within("aggregator.core.access"):
            for noun in ("evidence", "incident", "silence", "session", "user", "token", "config", "audit", "report"):
                written |= set(re.findall(rf'"({noun}\.[a-z]+)"', module.text))
    assert listed == written - set(PERMISSIONS) | {"evidence.read"}
