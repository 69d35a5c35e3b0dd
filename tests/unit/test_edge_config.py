"""edge_agent.config: what an edge config means, and that each mistake in one is named."""

from pathlib import Path

import pytest

from contract.errors import ConfigError
from edge_agent.adapters.source_av import request_of
from edge_agent.config import load, parse
from edge_agent.config_camera import parse_window
from edge_agent.core.geometry import crossing_edges
from edge_agent.core.spec import CrowdRule, IntrusionRule, LoiteringRule
from tests.data import ROOT

HEAD = '[agent]\nsite = "s"\nid = "a"\n'
CAMERA = HEAD + '[[camera]]\nid = "c"\nsource = "v.mp4"\n'
ZONE = '[[camera.zone]]\nid = "z"\npolygon = [[0,0],[1,0],[1,1]]\n'


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("edge*.toml")), ids=lambda path: path.name)
def test_every_example_config_loads(path: Path) -> None:
    config = load(path)
    assert config.cameras
    assert all(camera.rules for camera in config.cameras)


def test_the_example_means_what_it_says() -> None:
    config = load(ROOT / "configs" / "edge.toml")
    (camera,) = config.cameras
    assert camera.source == "rtsp://192.0.2.10:554/stream1"
    assert camera.location is not None
    assert camera.location.radius_m == 25
    intrusion, crossing, loitering, crowd = camera.rules
    assert isinstance(intrusion, IntrusionRule)
    assert (intrusion.id, intrusion.severity) == ("intrusion-yard", "major")
    weekdays, weekend = intrusion.schedule.windows
    assert weekdays.days == {"mon", "tue", "wed", "thu", "fri"}
    assert (weekdays.begin, weekdays.end) == (22 * 60, 5 * 60)
    assert (weekend.days, weekend.begin, weekend.end) == (frozenset(("sat", "sun")), 0, 0)
    assert crossing.episodes.min_duration_s == 0
    assert isinstance(loitering, LoiteringRule)
    assert (loitering.dwell_s, loitering.episodes.cooldown_s, loitering.episodes.end_after_s) == (60, 120, 3)
    assert isinstance(crowd, CrowdRule)
    assert crowd.count == 10
    assert config.agent.data_dir == ROOT / "configs" / "data"


def test_relative_sources_are_taken_from_the_configs_folder(tmp_path: Path) -> None:
    config = parse(CAMERA, tmp_path / "edge.toml")
    assert config.cameras[0].source == str(tmp_path / "v.mp4")
    for source in ("rtsp://host/x", "webcam:0", "/dev/video0"):
        again = parse(CAMERA.replace("v.mp4", source), tmp_path / "edge.toml")
        assert again.cameras[0].source == source


@pytest.mark.parametrize(
    "host", ["", " ", "a..b", "x" * 64 + ".id", "mqtt://broker", "broker:8883", "10.0.0.1:1883", "10.0.0.1 ", "a b"]
)
def test_a_broker_that_has_no_name_is_told_before_anybody_connects(host: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(CAMERA + f'[mqtt]\nhost = "{host}"\n', Path("edge.toml"))
    assert "mqtt.host" in error.value.render("en")


@pytest.mark.parametrize(
    "host", ["broker", "10.0.0.1", "::1", "fe80::1%eth0", "broker.jakarta.go.id.", "mqtt_1", "pusat-komando.örtlich"]
)
def test_a_broker_may_have_any_name_or_address(host: str) -> None:
    config = parse(CAMERA + f'[mqtt]\nhost = "{host}"\n', Path("edge.toml"))
    assert config.mqtt is not None
    assert config.mqtt.host == host


def test_hash_follows_the_content_and_not_the_layout() -> None:
    plain = parse(CAMERA, Path("a.toml")).config_hash
    assert plain == parse("# a comment\n" + CAMERA.replace(" = ", "="), Path("b.toml")).config_hash
    assert plain != parse(CAMERA.replace("v.mp4", "w.mp4"), Path("a.toml")).config_hash


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[agent\n", ["e.toml", "not valid TOML", "line 1"]),
        ("", ["agent", "missing"]),
        ('[agent]\nsite = "s"\n', ["agent.id", "missing"]),
        ('[agent]\nsite = "Big Site"\nid = "a"\n', ["agent.site", '"Big Site"', "a-z"]),
        (HEAD + 'timezone = "Mars/Olympus"\n', ["agent.timezone", '"Mars/Olympus"', "Asia/Jakarta"]),
        (HEAD + "[mqtt]\nport = 99999\n", ["mqtt.port", "99999", "1 .. 65535"]),
        (HEAD + '[mqtt]\npassword = "x"\n', ["mqtt.password:", "unknown key", "password_file"]),
        (HEAD + '[mqtt]\nversion = "4"\n', ["mqtt.version", '"4"', '"auto", "5", "3.1.1"']),
        (HEAD + "[detector]\nconfidence = 1\n", ["detector.confidence = 1", "0.001 .. 0.999"]),
        (HEAD + "[detector]\nconfidence = 0\n", ["detector.confidence = 0", "0.001 .. 0.999"]),
        (HEAD + "[tracker]\nmin_iou = 0\n", ["tracker.min_iou = 0", "0.001 .. 0.999"]),
        (HEAD + '[detector]\nclasses = ["car"]\n', ["detector.classes", "car", 'add "person"', "evidence.blur"]),
        (HEAD + "[detector]\nclasses = []\n", ["detector.classes", 'add "person"']),
        (HEAD + "[detecter]\n", ["detecter", "unknown key", "detector"]),
        (HEAD + "[health]\ninterval_s = true\n", ["health.interval_s", "true"]),
        (HEAD + "camera = 3\n", ["agent.camera", "unknown key"]),
        ("camera = 3\n" + HEAD, ["camera = 3", "[[camera]]"]),
        (HEAD + '[[camera]]\nid = "c"\n', ["camera[0].source", "missing"]),
        (CAMERA.replace("v.mp4", " "), ["camera[0].source", "empty", "rtsp://"]),
        (CAMERA + '[[camera]]\nid = "c"\nsource = "w"\n', ["camera[1].id", '"c"', "already used by camera[0]"]),
        (CAMERA + "location = { lat = 91, lon = 0 }\n", ["camera[0].location.lat", "91", "-90 .. 90"]),
        (CAMERA + "location = [1, 2]\n", ["camera[0].location = [1, 2]", "should be { key = value, ... }"]),
        (HEAD + "[[camera]]\n[[camera.rule]]\nkind = 'brawl'\nschedule = '22:00-05:00'\n", ['should be ["...", ...]']),
        (CAMERA + "fps = nan\n", ["camera[0].fps", "nan"]),
        (CAMERA + "masks = [[[0,0],[1,1],[2,0]]]\n", ["camera[0].masks[0][2][0]", "2", "0 .. 1"]),
        (
            CAMERA + ZONE.replace("[1,1]", "[640,480]"),
            ["polygon[2][1] = 480", "polygon: coordinates are shares"],
        ),
        (CAMERA + '[[camera]]\nid = "yard"\nsource = "w"\nfsp = 5\n', ["camera yard: camera[1].fsp", "mean fps?"]),
        (CAMERA + ZONE.replace("[1,1]", "1"), ["camera[0].zone[0].polygon[2]", "= 1", "[x, x]"]),
        (CAMERA + '[[camera.zone]]\nid = "z"\npolygon = [[0,0],[1,0]]\n', ["polygon", "2 points", "3"]),
        (
            CAMERA + '[[camera.zone]]\nid = "z"\npolygon = [[0,0],[1,1],[1,0],[0,1]]\n',
            ["camera[0].zone[0].polygon", "[0, 0]-[1, 1]", "[1, 0]-[0, 1]", "cross"],
        ),
        (CAMERA + ZONE + ZONE, ["camera[0].zone[1].id", '"z"', "camera[0].zone[0]"]),
        (CAMERA + '[[camera.line]]\nid = "l"\nstart = [0,0]\nend = [0,0]\n', ["camera[0].line[0]", "the same"]),
        (CAMERA + ZONE + '[[camera.rule]]\nkind = "intruson"\n', ["rule[0].kind", '"intruson"', '"intrusion"']),
        (CAMERA + ZONE + '[[camera.rule]]\nkind = "crowd"\nzone = "y"\n', ["rule[0].zone", '"y"', "has: z"]),
        (CAMERA + '[[camera.rule]]\nkind = "line_crossing"\nline = "l"\n', ["rule[0].line", '"l"', "has: -"]),
        (
            CAMERA + ZONE + '[[camera.rule]]\nkind = "loitering"\nzone = "z"\ndwell_s = -1\n',
            ["camera[0].rule[0].dwell_s", "-1", ">= 0"],
        ),
        (
            CAMERA + ZONE + '[[camera.rule]]\nkind = "loitering"\nzone = "z"\ndwel_s = 1\n',
            ["camera[0].rule[0].dwel_s", "did you mean dwell_s"],
        ),
        (
            CAMERA + ZONE + '[[camera.rule]]\nkind = "crowd"\nzone = "z"\nschedule = ["mon-fry 1:00-2:00"]\n',
            ["camera[0].rule[0].schedule[0]", '"mon-fry 1:00-2:00"', "mon-fri 22:00-05:00"],
        ),
        (
            CAMERA + ZONE + '[[camera.rule]]\nkind = "crowd"\nzone = "z"\n' * 2,
            ["camera[0].rule[1].id", '"crowd-z"', "camera[0].rule[0]"],
        ),
        (
            CAMERA + ZONE + '[[camera.rule]]\nkind = "crowd"\nzone = "z"\nseverity = "high"\n',
            ["severity", '"high"', '"major"'],
        ),
    ],
)
def test_a_mistake_is_named_with_key_value_and_what_is_allowed(text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("e.toml"))
    message = caught.value.render("en")
    assert "e.toml" in message
    for part in told:
        assert part in message, message
    assert caught.value.render("id") != message


@pytest.mark.parametrize("evidence", ["snapshots = false", 'blur = "none"'])
def test_a_detector_without_people_is_fine_where_nobody_is_shown_or_all_are(evidence: str) -> None:
    config = parse(CAMERA + f'[detector]\nclasses = ["car"]\n[evidence]\n{evidence}\n', Path("e.toml"))
    assert config.detector.classes == ("car",)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(CAMERA + "fps = 0\nfsp = 3\nmasks = 1\n[detector]\nimgsz = 1\n", Path("e.toml"))
    lines = caught.value.render("en").splitlines()
    assert len(lines) == 4
    assert all(line.startswith("e.toml: ") for line in lines)


def test_a_file_from_an_editor_of_windows_is_read(tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.toml", tmp_path / "marked.toml"
    plain.write_bytes(CAMERA.encode())
    marked.write_bytes(b"\xef\xbb\xbf" + CAMERA.replace("\n", "\r\n").encode())
    assert load(marked).config_hash == load(plain).config_hash


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent.toml", tmp_path, binary, Path("nul\x00.toml")):
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert str(path) in caught.value.render("en")


@pytest.mark.parametrize(
    ("written", "days", "begin", "end"),
    [
        ("fri-mon 06:00-07:30", {"fri", "sat", "sun", "mon"}, 360, 450),
        ("mon,wed-thu", {"mon", "wed", "thu"}, 0, 0),
        ("daily 22:00-24:00", {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, 1320, 0),
        ("9:05-10:00", {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, 545, 600),
    ],
)
def test_schedule_windows(written: str, days: set[str], begin: int, end: int) -> None:
    window = parse_window(written)
    assert window is not None
    assert (set(window.days), window.begin, window.end) == (days, begin, end)


@pytest.mark.parametrize("written", ["", " ", "mon-", "24:00-25:00", "mon 10-11", "noon", "10:00-24:30", "10:60-11:00"])
def test_what_is_no_schedule(written: str) -> None:
    assert parse_window(written) is None


def test_polygons_that_cross_themselves() -> None:
    assert crossing_edges(((0, 0), (1, 0), (1, 1), (0, 1))) is None
    assert crossing_edges(((0, 0), (1, 1), (1, 0), (0, 1))) == (0, 2)
    assert crossing_edges(((0, 0), (0, 0), (1, 1))) == (0, 0)
    assert crossing_edges(((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1))) is not None


def test_a_substream_is_watched_live_and_recordings_are_not() -> None:
    more = 'substream = "rtsp://cam/sub"\nrtsp_transport = "udp"\nmin_fps = 2\n'
    (spec,) = parse(CAMERA + more, Path("/etc/edge.toml")).cameras
    live, recorded = request_of(spec, realtime=True), request_of(spec, realtime=False)
    assert (live.source, live.transport, live.decode) == ("rtsp://cam/sub", "udp", "auto")
    assert recorded.source == spec.source == "/etc/v.mp4"
    assert spec.min_fps == 2
    (plain,) = parse(CAMERA, Path("/etc/edge.toml")).cameras
    assert plain.watched == "/etc/v.mp4"
    with pytest.raises(ConfigError, match=r"camera\[0\].substream"):
        parse(CAMERA + 'substream = " "\n', Path("edge.toml"))
    with pytest.raises(ConfigError, match='"auto"'):
        parse(CAMERA + 'decode = "some"\n', Path("edge.toml"))
    with pytest.raises(ConfigError, match=r'camera\[0\].crops.*"auto"'):
        parse(CAMERA + 'crops = "some"\n', Path("edge.toml"))


@pytest.mark.parametrize(("kind", "taken"), [("brawl", "f32"), ("stopped_vehicle", "f32"), ("smoke_fire", "auto")])
def test_automatic_precision_is_float32_for_the_cameras_whose_rules_need_it(kind: str, taken: str) -> None:
    rule = f'[[camera.rule]]\nkind = "{kind}"\n'

    def precisions(text: str) -> list[str]:
        config = parse(text, Path("edge.toml"))
        return [config.network_of(camera).precision for camera in config.cameras]

    other = '[[camera]]\nid = "other"\nsource = "v.mp4"\n'
    assert precisions(CAMERA + other) == ["auto", "auto"]
    assert precisions(CAMERA + rule + other) == [taken, "auto"]
    assert precisions('[detector]\nprecision = "bf16"\n' + CAMERA + rule + other) == ["bf16", "bf16"]


def test_integers_are_refused_where_a_rule_reads_the_networks_map() -> None:
    small = '[detector]\nprecision = "int8"\n'
    assert parse(small + CAMERA, Path("edge.toml")).detector.precision == "int8"
    with pytest.raises(ConfigError, match=r'detector.precision = "int8": the brawl rule .*allowed: auto, f32, bf16'):
        parse(small + CAMERA + '[[camera.rule]]\nkind = "brawl"\n', Path("edge.toml"))
