"""The store's schema, step by step: schema/*.sql, each applied once to a database, in this order."""

from importlib.resources import files

from sqlite_utils import Database, Migrations

from aggregator.adapters import audit_sqlite

migrations = Migrations("jaga-aggregator")


@migrations()  # type: ignore[untyped-decorator]
def first(db: Database) -> None:
    _script(db, "0001_first.sql")


@migrations()  # type: ignore[untyped-decorator]
def judged(db: Database) -> None:
    _script(db, "0002_judged.sql")


@migrations()  # type: ignore[untyped-decorator]
def people(db: Database) -> None:
    _script(db, "0003_people.sql")
    audit_sqlite.take_over(db.conn)


@migrations()  # type: ignore[untyped-decorator]
def actions(db: Database) -> None:
    _script(db, "0004_actions.sql")


@migrations()  # type: ignore[untyped-decorator]
def reports(db: Database) -> None:
    _script(db, "0005_reports.sql")


@migrations()  # type: ignore[untyped-decorator]
def clips(db: Database) -> None:
    _script(db, "0006_clips.sql")


@migrations()  # type: ignore[untyped-decorator]
def rules(db: Database) -> None:
    _script(db, "0007_rules.sql")


@migrations()  # type: ignore[untyped-decorator]
def words(db: Database) -> None:
    _script(db, "0008_words.sql")


@migrations()  # type: ignore[untyped-decorator]
def rowids(db: Database) -> None:
    _script(db, "0009_rowids.sql")


@migrations()  # type: ignore[untyped-decorator]
def counted(db: Database) -> None:
    _script(db, "0010_counted.sql")


@migrations()  # type: ignore[untyped-decorator]
def restart(db: Database) -> None:
    _script(db, "0011_restart.sql")


@migrations()  # type: ignore[untyped-decorator]
def sites(db: Database) -> None:
    _script(db, "0012_sites.sql")


def _script(db: Database, name: str) -> None:
    script = (files("aggregator.adapters") / "schema" / name).read_text("utf-8")
    code = "\n".join(line.split("--")[0].rstrip() for line in script.splitlines())
    for statement in code.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)
