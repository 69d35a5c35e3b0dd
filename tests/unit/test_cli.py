"""The `jaga` command's own duties: laziness, exit codes, languages, quiet pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.errors import ConfigError
from contract.texts import LANGUAGES, catalogue
from jaga import logs
from jaga.cli import PARTS, Part, load, needing, version

PROBE = """
import sys
import typer
from contract.errors import ConfigError, JagaError
app = typer.Typer(no_args_is_help=True)

@app.command()
def ok(name: str = "x") -> None:
    print(name)

@app.command()
def failed() -> None:
    raise JagaError("cli.log_level", value="1", allowed="2")

@app.command()
def unusable() -> None:
    raise ConfigError("cli.log_level", value="1", allowed="2")

@app.command()
def needs(count: int, config: str = typer.Option(..., "--config", "-c")) -> None:
    print(config, count)

@app.command()
def code() -> None:
    raise typer.Exit(7)

@app.command()
def interrupted() -> None:
    raise KeyboardInterrupt

@app.command()
def many() -> None:
    for number in range(200_000):
        print(number)

@app.command()
def log() -> None:
    import structlog
    structlog.get_logger().warning("something_happened", camera="cam-1")


@app.command()
def late() -> None:
    import no_such_library_at_all


@app.command()
def unlinked() -> None:
    raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
"""
RUN = "import jaga.cli as c; c.PARTS = (c.Part('probe', 'jaga_probe:app', 'demo', 'cli.help.demo'),); c.main()"


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    (tmp_path / "jaga_probe.py").write_text(PROBE)
    return tmp_path


def run(probe: Path, *args: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(probe), "JAGA_LANG": language, "JAGA_LOG": "json"}
    return subprocess.run(
        [sys.executable, "-c", RUN, *args], capture_output=True, text=True, env=environment, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [("ok", 0), ("failed", 1), ("unusable", 2), ("code", 7), ("interrupted", 130), ("no-such-command", 2)],
)
def test_exit_codes(probe: Path, command: str, code: int) -> None:
    done = run(probe, "probe", command)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_options_reach_the_part(probe: Path) -> None:
    assert run(probe, "probe", "ok", "--name", "Kota").stdout == "Kota\n"


def test_a_wrong_option_is_a_usage_error(probe: Path) -> None:
    assert run(probe, "probe", "ok", "--colour", "red").returncode == 2


USAGE = [
    (("probe", "needs", "1"), "'--config' / '-c' belum diberikan", "'--config' / '-c' is missing"),
    (("probe", "needs", "-c", "x"), "'count' belum diberikan", "'count' is missing"),
    (
        ("probe", "needs", "-c", "x", "many"),
        "nilai untuk 'count' tidak dapat dipakai (",
        "the value of 'count' cannot be used (",
    ),
    (
        ("probe", "needs", "--confg", "x"),
        "tidak ada opsi --confg; mungkin maksud Anda --config",
        "there is no option --confg; perhaps you mean --config",
    ),
    (("probe", "ok", "--red"), "tidak ada opsi --red", "there is no option --red"),
    (("probe", "nope"), "perintah ini tidak dapat dipakai (", "this command cannot be used ("),
    (("nope",), "perintah ini tidak dapat dipakai (", "this command cannot be used ("),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("args", "indonesian", "english"), USAGE)
def test_what_is_wrong_with_a_command_line_is_one_line_in_the_readers_language(
    probe: Path, args: tuple[str, ...], indonesian: str, english: str, language: str
) -> None:
    done = run(probe, *args, language=language)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"jaga: {indonesian if language == 'id' else english}")
    assert line.endswith("--help")
    assert ".)" not in line  # typer ends its sentences, here they are within one of ours


@pytest.mark.parametrize("args", [(), ("probe",)])
def test_no_command_at_all_shows_the_help_alone(probe: Path, args: tuple[str, ...]) -> None:
    done = run(probe, *args)
    assert done.returncode == 2
    assert "Commands" in done.stdout + done.stderr
    assert "jaga: " not in done.stderr.replace("Usage: jaga", "")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_with_commands_of_its_own_does_so(part: Part) -> None:
    app = load(part)
    assert app.info.no_args_is_help is True or len(app.registered_commands) == 1


@pytest.mark.parametrize(("language", "words"), [("en", "is unknown; allowed"), ("id", "tidak dikenal")])
def test_an_error_is_one_line_in_the_readers_language(probe: Path, language: str, words: str) -> None:
    done = run(probe, "probe", "failed", language=language)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_a_reader_that_went_away_is_quiet(probe: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "probe", "many"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(probe)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 1


def test_log_lines_are_json_on_stderr(probe: Path) -> None:
    done = run(probe, "probe", "log")
    assert done.stdout == ""
    line = json.loads(done.stderr)
    assert (line["event"], line["camera"], line["level"]) == ("something_happened", "cam-1", "warning")


def test_log_level_hides_lesser_lines(probe: Path) -> None:
    assert run(probe, "--log-level", "error", "probe", "log").stderr == ""
    assert run(probe, "--log-level", "loud", "probe", "log").returncode == 2


def test_version_and_help_import_no_part() -> None:
    code = (
        "import sys, jaga.cli as c\ntry: c.build()(['{}'])\nexcept SystemExit: pass\n"
        "bad = [m for m in ('cv2', 'av', 'fastapi', 'iotcore', 'numpy') if m in sys.modules]\nassert not bad, bad"
    )
    for option in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(option)], capture_output=True, text=True, check=True, timeout=60
        )
        assert ("jaga" if option == "--help" else version()) in done.stdout.lower()


def test_a_missing_extra_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jaga_needs_more.py").write_text("import no_such_library_at_all.part\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    part = Part("probe", "jaga_needs_more:app", "edge", "cli.help.edge")
    with pytest.raises(ConfigError) as caught, needing(part):
        load(part)
    assert 'pip install "jaga[edge]"' in str(caught.value)
    assert "no_such_library_at_all" in str(caught.value)


@pytest.mark.parametrize(("command", "says"), [("late", "pip install"), ("unlinked", "libGL.so.1")])
def test_a_library_missed_only_while_a_command_runs_is_a_sentence_too(probe: Path, command: str, says: str) -> None:
    done = run(probe, "probe", command)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_module_of_our_own_is_a_bug_and_stays_one() -> None:
    part = Part("probe", "jaga.no_such_module:app", "edge", "cli.help.edge")
    with pytest.raises(ModuleNotFoundError), needing(part):
        load(part)


def test_every_part_has_help_in_each_language() -> None:
    for part in PARTS:
        assert set(catalogue()[part.help]) == set(LANGUAGES)


def test_log_format_follows_the_terminal_and_the_environment() -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    class Pipe:
        def isatty(self) -> bool:
            return False

    assert logs.format_for(Terminal(), {}) == "console"  # type: ignore[arg-type]
    assert logs.format_for(Terminal(), {"JAGA_LOG": "json"}) == "json"  # type: ignore[arg-type]
    assert logs.format_for(Pipe(), {}) == "json"  # type: ignore[arg-type]
    assert logs.format_for(Pipe(), {"JAGA_LOG": "console"}) == "console"  # type: ignore[arg-type]


HELPS = """
import json, typer
from jaga.cli import PARTS, load
said = {}
def walk(command, path):
    said[path] = command.help or ""
    for item in command.params:
        if item.name != "help":
            said[f"{path} {item.name}"] = getattr(item, "help", None) or ""
    for name, one in getattr(command, "commands", {}).items():
        walk(one, f"{path} {name}")
for part in PARTS:
    walk(typer.main.get_command(load(part)), part.name)
print(json.dumps(said))
"""


def helps(language: str) -> dict[str, str]:
    """What each command and each of its options says of itself."""
    environment = {**os.environ, "JAGA_LANG": language}
    done = subprocess.run([sys.executable, "-c", HELPS], capture_output=True, env=environment, check=True, timeout=120)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_every_help_is_in_the_readers_language() -> None:
    indonesian, english = helps("id"), helps("en")
    assert len(english) > 60
    assert indonesian.keys() == english.keys()
    assert [one for one, said in english.items() if not said] == []
    assert [one for one, said in english.items() if said == indonesian[one]] == []
