"""The aggregator's config and camera file: what is taken, and how what is wrong is said."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from aggregator.api.guard import content_security_policy
from aggregator.config import load, parse
from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.liveness import View
from aggregator.core.ports import Retention
from aggregator.core.response import ResponseTargets
from aggregator.geojson import load_cameras, load_places
from contract.errors import ConfigError
from contract.events import Location
from tests.data import ROOT
from tests.pmtiles import city

EXAMPLE = ROOT / "configs" / "aggregator.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "aggregator.toml"
    path.write_text(text)
    return path


def test_the_example_shows_every_default(tmp_path: Path) -> None:
    example = load(EXAMPLE)
    least = load(write(tmp_path, '[aggregator]\ndata_dir = "x"\n'))
    assert (example.http, example.mqtt, example.policy, example.retention, example.response) == (
        least.http,
        least.mqtt,
        least.policy,
        least.retention,
        least.response,
    )
    assert (least.policy, least.retention, least.response) == (CorrelationPolicy(), Retention(), ResponseTargets())


def test_the_examples_commented_keys_are_real(tmp_path: Path) -> None:
    lines = [
        line.removeprefix("# ") if line.startswith("# [") or (line.startswith("# ") and " = " in line) else line
        for line in EXAMPLE.read_text().splitlines()
    ]
    (tmp_path / "aggregator.password").write_text("secret\n")
    for name in ("ca.pem", "jaga.pem", "jaga.key", "oidc.secret"):
        (tmp_path / name).write_text("")
    config = load(write(tmp_path, "\n".join(lines)))
    assert (config.mqtt.password, config.mqtt.tls_ca, config.cameras) == (
        "secret",
        str(tmp_path / "ca.pem"),
        tmp_path / "cameras.geojson",
    )
    assert config.accounts.districts == {"tambora": frozenset({"pasar-baru"})}
    assert config.oidc is not None
    assert config.oidc.callback == "https://jaga.example.id/api/v1/oidc/callback"


HTTP = '[aggregator]\ndata_dir = "x"\n[http]\n'
OIDC = '[oidc]\nclient_id = "jaga"\nroles = {}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["aggregator", "required"]),
        ("[aggregator]\n", ["aggregator.data_dir", "required"]),
        ("[aggregator]\ndata_dir = 5\n", ["aggregator.data_dir = 5", '"..."']),
        ('[aggregator]\ndata_dir = "x"\ndata_dri = "y"\n', ["aggregator.data_dri", "unknown", "data_dir, cameras"]),
        ('[aggregator]\ndata_dir = "x"\n[htpp]\n', ["htpp", "unknown", "http"]),
        ('[aggregator]\ndata_dir = "x"\n[http]\nport = 70000\n', ["http.port = 70000", "65535"]),
        ('[aggregator]\ndata_dir = "x"\n[http]\nhost = "0.0.0.0"\n', ["http.host = 0.0.0.0", "accounts"]),
        ('[aggregator]\ndata_dir = "x"\n[http]\nhost = "example.org"\n', ["http.host = example.org", "loopback"]),
        (f'{HTTP}public_url = "http://jaga.example"\n', ["http.public_url = http://jaga.example", "passwords"]),
        (f'{HTTP}public_url = "https://jaga.example/x"\n', ["http.public_url", "scheme, host and port alone"]),
        (f'{HTTP}public_url = "jaga.example"\n', ["http.public_url = jaga.example"]),
        (f'{HTTP}public_url = "https://a.test"\ntls_cert = "absent"\n', ["http.tls_key", "together"]),
        (f'{HTTP}public_url = "https://a.test"\ntls_cert = "x"\ntls_key = "x"\n', ["http.tls_cert = x", "existing"]),
        (f'{HTTP}proxies = ["all"]\n', ["http.proxies = all", "networks"]),
        (f'{HTTP}[[district]]\nname = "a"\nsites = []\n[[district]]\nname = "a"\nsites = []\n', ["district.name = a"]),
        (f'{HTTP}[[district]]\nname = "a"\nsite = []\n', ["district", "site", "unknown", "name, sites"]),
        (f'{HTTP}{OIDC}issuer = "https://b.test"\n', ["http.public_url", "provider"]),
        (f'{HTTP}public_url = "https://a.test"\n{OIDC}issuer = "http://b.example"\n', ["oidc.issuer", "https://"]),
        (
            f'{HTTP}public_url = "https://a.test"\n{OIDC}issuer = "https://b.test"\nclient_secret_file = "absent"\n',
            ["oidc.client_secret_file"],
        ),
        ('[aggregator]\ndata_dir = "x"\n[mqtt]\nversion = "4"\n', ["mqtt.version = 4"]),
        (f'{HTTP}[mqtt]\nhost = "mqtt://broker"\n', ["mqtt.host = mqtt://broker", "the name of a host"]),
        (f'{HTTP}[mqtt]\nhost = "a..b"\n', ["mqtt.host = a..b", "the name of a host"]),
        ('[aggregator]\ndata_dir = "x"\n[mqtt]\npassword_file = "absent"\n', ["mqtt.password_file = absent"]),
        ('[aggregator]\ndata_dir = "x"\n[mqtt]\ntls_ca = "absent"\n', ["mqtt.tls_ca = absent", "existing file"]),
        ('[aggregator]\ndata_dir = "x"\n[correlation]\nopen_severe = 1.5\n', ["correlation.open_severe = 1.5", "1"]),
        ('[aggregator]\ndata_dir = "x"\n[correlation]\nquiet_s = 60\n', ["correlation.quiet_s = 60", ">= 900"]),
        (f"{HTTP}[response.resolve_s]\nminor = 0\n", ["response.resolve_s.minor = 0", "> 0"]),
        (f"{HTTP}[response.acknowledge_s]\nmedium = 5\n", ["response.acknowledge_s.medium", "critical, major, minor"]),
        (f"{HTTP}[response]\ndispatch_s = 5\n", ["response.dispatch_s", "acknowledge_s, resolve_s"]),
        (
            f"{HTTP}[response.acknowledge_s]\nmajor = 4000\n",
            ["response.resolve_s.major = 3600", ">= response.acknowledge_s.major (4000)"],
        ),
        (f'{HTTP}[map]\ntiles = ["https://a.test/tile.png"]\n', ["map.tiles = https://a.test", "{z}, {x} and {y}"]),
        (f'{HTTP}[map]\ntiles = ["ftp://a.test/{{z}}/{{x}}/{{y}}"]\n', ["map.tiles"]),
        (f'{HTTP}[map]\nstyle = "/s.json"\ntiles = ["/{{z}}/{{x}}/{{y}}"]\n', ["map.tiles", "not both"]),
        (f'{HTTP}[map]\npmtiles = "x.pmtiles"\ntiles = ["/{{z}}/{{x}}/{{y}}"]\n', ["map.tiles", "pmtiles or tiles"]),
        (f'{HTTP}[map]\npmtiles = "absent.pmtiles"\n', ["map.pmtiles = absent.pmtiles", "a file that can be read"]),
        (f'{HTTP}[map]\npmtiles = "."\n', ["map.pmtiles = .", "a file that can be read"]),
        (f'{HTTP}[map]\npmtiles = "aggregator.toml"\n', ["map.pmtiles = aggregator.toml", "a PMTiles archive"]),
        (f'{HTTP}[map]\npmtiles = "https://a.test;x/y.pmtiles"\n', ["map = https://a.test;x", "a host name"]),
        (f'{HTTP}[map]\norigins = ["https://a.test;script-src"]\n', ["map = https://a.test;", "a host name"]),
        (f'{HTTP}[map]\nstyle = "https://{{s}}.a.test/x.json"\n', ["map = https://{s}.a.test", "a host name"]),
        (f"{HTTP}port = 99999\n", ["http.port = 99999", "allowed: <= 65535"]),
        (f'{HTTP}port = "80"\n', ['http.port = "80"', "allowed: 1, 2, 3"]),
        (f'{HTTP}[mqtt]\nversion = "4"\n', ["mqtt.version = 4 ", "allowed: auto, 5, 3.1.1"]),
        (f'{HTTP}[oidc]\nroles = {{ "a.b" = "boss" }}\n', ["oidc.roles[...] = boss ", "allowed: viewer, operator"]),
        (f"{HTTP}[load]\nper_operator = nan\n", ["load.per_operator = nan", "allowed: > 0"]),
        (f'{HTTP}[[district]]\nname = "x y"\nsites = ["a"]\n', ["district[0].name = x y", "a-z"]),
        ("[aggregator\n", ["not valid TOML"]),
        ("a = " + "[" * 10_000, ["not valid TOML"]),
    ],
)
def test_an_error_names_file_key_value_and_what_is_allowed(tmp_path: Path, text: str, said: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(path)
    for language in ("en", "id"):
        assert str(path) in error.value.render(language)
    for part in said:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "english", "indonesian"),
    [
        (f"{HTTP}[correlation]\nreorder_s = 2000\n", "allowed: <= 60", "yang diizinkan: <= 60"),
        (f"{HTTP}stream_clients = true\n", "allowed: 1, 2, 3 ...", "yang diizinkan: 1, 2, 3 ..."),
        (f'{HTTP}[clock]\ntime_zone = "WIB"\n', "or another name of the IANA", "atau nama lain dari basis data"),
        (f'{HTTP}[clock]\ntime_zone = ""\n', "a length of >= 1", "panjang >= 1"),
        (f'{HTTP}[mqtt]\nclient_id = "a b"\n', "text that matches ^[A-Za-z", "teks yang cocok dengan ^[A-Za-z"),
        (f'{HTTP}[mqtt]\npassword_file = "absent"\n', "a file that can be read", "berkas yang dapat dibaca"),
    ],
)
def test_what_is_allowed_is_said_in_both_languages(tmp_path: Path, text: str, english: str, indonesian: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, text))
    assert english in error.value.render("en")
    told = error.value.render("id")
    assert indonesian in told
    assert "float" not in told


def test_a_file_from_an_editor_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_bytes(b'\xef\xbb\xbf[aggregator]\r\ndata_dir = "x"\r\n')
    assert load(path).data_dir == tmp_path / "x"


def test_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(ConfigError, match="the config file cannot be read"):
        load(absent)
    with pytest.raises(ConfigError, match="the camera file cannot be read"):
        load_cameras(absent)
    with pytest.raises(ConfigError, match="the file of places cannot be read"):
        load_places(absent)


def test_a_page_may_load_from_the_hosts_of_its_map_and_from_no_other() -> None:
    raw = {
        "aggregator": {"data_dir": "x"},
        "map": {
            "style": "https://maps.test:8443/city.json?key=5",
            "origins": ["https://fonts.test/x", "https://maps.test:8443"],
        },
    }
    found = parse(raw, Path("f")).map
    assert found.origins == ("https://fonts.test", "https://maps.test:8443")
    policy = content_security_policy(found.origins)
    assert "connect-src 'self' https://fonts.test https://maps.test:8443;" in policy
    assert "script-src 'self';" in policy
    assert "https:" not in content_security_policy(parse({"aggregator": {"data_dir": "x"}}, Path("f")).map.origins)


def test_an_archive_on_this_machine_has_to_be_whole_and_is_asked_for_here(tmp_path: Path) -> None:
    content = city((106.8, -6.3, 106.9, -6.2), 8)
    (tmp_path / "city.pmtiles").write_bytes(content)
    path = write(tmp_path, f'{HTTP}[map]\npmtiles = "city.pmtiles"\n')
    found = load(path)
    assert found.archive == tmp_path / "city.pmtiles"
    assert (found.map.pmtiles, found.map.origins) == ("/api/v1/map/archive", ())
    for wrong, said in (
        (content[:-7], "a whole archive (7 of its"),
        (content[:100], "a PMTiles archive"),
        (content[:7] + b"\x02" + content[8:], "version 3"),
        (content[:99] + b"\x00" + content[100:], "vector tiles (MVT) or pictures"),
    ):
        (tmp_path / "city.pmtiles").write_bytes(wrong)
        with pytest.raises(ConfigError, match=re.escape(said)):
            load(path)


def test_an_archive_elsewhere_is_asked_for_there(tmp_path: Path) -> None:
    found = load(write(tmp_path, f'{HTTP}[map]\npmtiles = "https://maps.test/city.pmtiles"\n'))
    assert found.archive is None
    assert (found.map.pmtiles, found.map.origins) == ("https://maps.test/city.pmtiles", ("https://maps.test",))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_has_many_names(host: str) -> None:
    raw = tomllib.loads(f'[aggregator]\ndata_dir = "x"\n[http]\nhost = "{host}"\n')
    assert parse(raw, Path("f")).http.host == host


def test_cameras_from_geojson(tmp_path: Path) -> None:
    path = tmp_path / "cameras.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": ['
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.8, -6.2]},'
        ' "properties": {"id": "gate", "site": "pasar", "name": "Gerbang", "radius_m": 12}},'
        '{"type": "Feature", "geometry": null, "properties": {"id": "hall", "site": "pasar"}}]}'
    )
    gate, hall = load_cameras(path)
    assert (gate.location, gate.name) == (Location(lat=-6.2, lon=106.8, radius_m=12), "Gerbang")
    assert (hall.location, hall.state) == (None, "unknown")


def test_a_camera_is_in_the_file_once_and_the_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "cameras.geojson"
    features = [{"properties": {"id": "gate", "site": site}} for site in ("pasar", "stasiun", "pasar")]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features[:2]}), "utf-8-sig")
    assert [one.key for one in load_cameras(path)] == [("pasar", "gate"), ("stasiun", "gate")]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(ConfigError, match=r"gate of pasar is there twice, \$.features\[0\] and \$.features\[2\]"):
        load_cameras(path)


def test_a_camera_may_say_where_it_looks(tmp_path: Path) -> None:
    path = tmp_path / "cameras.geojson"
    feature = (
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.8, -6.2]},'
        ' "properties": {"id": "gate", "site": "pasar", "heading_deg": 90%s}}'
    )
    collection = '{"type": "FeatureCollection", "features": [%s]}'
    path.write_text(collection % (feature % ', "fov_deg": 70'))
    assert load_cameras(path)[0].view == View(90, 70, 50)
    path.write_text(collection % (feature % ""))
    with pytest.raises(ConfigError, match="heading_deg and fov_deg belong together"):
        load_cameras(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a valid camera GeoJSON"),
        ('{"type": "FeatureCollection", "more": ' + "[" * 100_000, "not a valid camera GeoJSON"),
        ('{"type": "Feature"}', "FeatureCollection"),
        (
            '{"type": "FeatureCollection", "features": [{"properties": {"id": "Gate", "site": "s"}}]}',
            "$.features[0].properties.id: not a valid name: 1 to 64 of a-z",
        ),
        ('{"type": "FeatureCollection", "features": [{}]}', "$.features[0].properties: required but missing"),
        (
            '{"type": "FeatureCollection", "features": [{"properties": {"id": "g", "site": "s"},'
            ' "geometry": {"type": "Point", "coordinates": [-6.2, 106.8]}}]}',
            "features[0]",
        ),
    ],
)
def test_a_wrong_camera_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cameras.geojson"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_cameras(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("zone", "label", "hours"),
    [
        ("Asia/Jakarta", "WIB", 7),
        ("Asia/Makassar", "WITA", 8),
        ("Asia/Jayapura", "WIT", 9),
        ("Europe/Berlin", "CET", 1),
    ],
)
def test_the_sites_time_zone_is_also_what_verdicts_hours_are_in(
    tmp_path: Path, zone: str, label: str, hours: int
) -> None:
    found = parse({"aggregator": {"data_dir": "d"}, "clock": {"time_zone": zone}}, tmp_path / "a.toml")
    assert (found.calendar.label, found.calendar.name) == (label, zone)
    assert found.policies.learning.utc_offset_h == hours
    own = {"aggregator": {"data_dir": "d"}, "clock": {"time_zone": zone}, "learning": {"utc_offset_h": 2}}
    assert parse(own, tmp_path / "a.toml").policies.learning.utc_offset_h == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [("time_zone", "Atlantis"), ("time_zone", "../etc/passwd"), ("shifts", ["07:00", "07:00"]), ("shifts", ["24:00"])],
)
def test_a_clock_that_makes_no_sense_is_refused_by_its_key(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"clock\.{key}"):
        parse({"aggregator": {"data_dir": "d"}, "clock": {key: value}}, tmp_path / "a.toml")
