"""The shipped mosquitto configuration in a real mosquitto: an agent speaks for itself and its cameras only."""

import queue
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from types import ModuleType

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract import topics
from contract.ids import derived_uuid7
from tests.brokers import answers, free_port, wait_until
from tests.data import ROOT

pytestmark = pytest.mark.broker
FOLDER = ROOT / "deploy" / "mosquitto"
NOT_AUTHORISED = 0x87
EVENT_ID = derived_uuid7(0, "acl")
DEADLINE_S = 15.0

EDGE = """
[agent]
site = "kota"
id = "{agent}"
[mqtt]
username = "{agent}"
"""
CAMERA = """
[[camera]]
id = "{camera}"
source = "rtsp://192.0.2.1/1"
"""


def acl_module() -> ModuleType:
    spec = util.spec_from_file_location("jaga_deploy_acl", FOLDER / "acl.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edge_config(folder: Path, agent: str, cameras: list[str]) -> Path:
    path = folder / f"{agent}.toml"
    path.write_text(EDGE.format(agent=agent) + "".join(CAMERA.format(camera=camera) for camera in cameras))
    return path


def shipped_conf(folder: Path, port: int) -> str:
    """The shipped file on a free port, with its paths in `folder` and without the TLS listener."""
    text = (FOLDER / "mosquitto.conf").read_text()
    text = re.sub(r"listener 8883\n(?:(?:cafile|certfile|keyfile|tls_version) .*\n)+", "", text)
    text = text.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/", f"{folder}/").replace("/var/lib/mosquitto/", f"{folder}/")
    assert not re.search(r"\b8883\b", text)  # a whole number: a free port may hold these digits, as 48883 does
    return text + "user root\n"


@contextmanager
def broker(folder: Path, users: list[str]) -> Iterator[int]:
    command = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert command, "mosquitto is not installed"
    port = free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(shipped_conf(folder, port))
    passwords = folder / "jaga.passwd"
    passwords.write_text("".join(f"{user}:secret-{user}\n" for user in users))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, timeout=30)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([command, "-c", str(conf)], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or answers(port), DEADLINE_S, (folder / "log").read_text)
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(10)


class Client:
    """A logged-in MQTT 5 client whose answers can be waited for."""

    def __init__(self, port: int, user: str, password: str | None = None) -> None:
        self.connected: queue.Queue[ReasonCode] = queue.Queue()
        self.published: queue.Queue[ReasonCode] = queue.Queue()
        self.subscribed: queue.Queue[list[ReasonCode]] = queue.Queue()
        self.received: queue.Queue[str] = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(user, password or f"secret-{user}")
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.connected.put(reason)
        self.client.on_publish = lambda _c, _u, _m, reason, _p: self.published.put(reason)
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.subscribed.put(reasons)
        self.client.on_message = lambda _c, _u, message: self.received.put(message.topic)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.answer = self.connected.get(timeout=DEADLINE_S)

    def publish(self, topic: str) -> int:
        """The reason code of the broker's PUBACK."""
        self.client.publish(topic, b"{}", qos=1)
        return int(self.published.get(timeout=DEADLINE_S).value)

    def subscribe(self, *filters: str) -> None:
        self.client.subscribe([(each, SubscribeOptions(qos=1)) for each in filters])
        self.subscribed.get(timeout=DEADLINE_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("broker")
    module = acl_module()
    configs = [
        module.load(edge_config(folder, "edge-1", ["gate", "yard"])),
        module.load(edge_config(folder, "edge-2", ["roof"])),
    ]
    (folder / "jaga.acl").write_text(module.acl(configs, "aggregator"))
    with broker(folder, ["edge-1", "edge-2", "aggregator"]) as port:
        yield port


@pytest.fixture
def agent(port: int) -> Iterator[Client]:
    client = Client(port, "edge-1")
    yield client
    client.close()


@pytest.fixture
def aggregator(port: int) -> Iterator[Client]:
    client = Client(port, "aggregator")
    yield client
    client.close()


OWN = [
    topics.status("kota", "edge-1"),
    topics.health("kota", "edge-1"),
    topics.event("kota", "gate"),
    topics.event("kota", "yard"),
    topics.evidence("kota", "gate", EVENT_ID),
    topics.config_reported("kota", "edge-1"),
    topics.reply("kota", "edge-1", EVENT_ID),
]
OTHERS = [
    topics.status("lain", "edge-1"),
    topics.event("lain", "gate"),
    topics.evidence("lain", "gate", EVENT_ID),
    topics.status("kota", "edge-2"),
    topics.health("kota", "edge-2"),
    topics.event("kota", "roof"),
    topics.event("kota", "edge-1"),
    topics.command("kota", "edge-1", "reload"),
    topics.command("kota", "edge-2", "suspend"),
    topics.config_desired("kota", "edge-1"),
    "jaga/v1/kota/gate",
    "elsewhere",
]


def test_an_agent_speaks_for_itself_and_the_aggregator_hears_it(agent: Client, aggregator: Client) -> None:
    aggregator.subscribe(*topics.AGGREGATOR_FILTERS)
    for topic in OWN:
        assert agent.publish(topic) < 0x80, topic
    heard = {aggregator.received.get(timeout=DEADLINE_S) for _ in OWN}
    assert heard == set(OWN)


@pytest.mark.parametrize("topic", OTHERS)
def test_an_agent_speaks_for_nobody_else(agent: Client, topic: str) -> None:
    assert agent.publish(topic) == NOT_AUTHORISED


def test_an_agent_hears_its_own_commands_only(agent: Client, aggregator: Client) -> None:
    agent.subscribe("#")
    assert agent.publish(topics.event("kota", "gate")) < 0x80
    for name in ("edge-2", "edge-1"):
        assert aggregator.publish(topics.command("kota", name, "reload")) < 0x80
        assert aggregator.publish(topics.config_desired("kota", name)) < 0x80
    heard = [agent.received.get(timeout=DEADLINE_S) for _ in range(2)]
    assert heard == [topics.command("kota", "edge-1", "reload"), topics.config_desired("kota", "edge-1")]
    assert agent.received.empty()


def test_the_aggregator_cannot_make_up_events(aggregator: Client) -> None:
    assert aggregator.publish(topics.event("kota", "gate")) == NOT_AUTHORISED


@pytest.mark.parametrize(("user", "password"), [("edge-1", "wrong"), ("stranger", "secret")])
def test_strangers_do_not_get_in(port: int, user: str, password: str) -> None:
    client = Client(port, user, password)
    assert client.answer == ReasonCode(PacketTypes.CONNACK, "Not authorized")
    client.close()


def test_two_agents_may_not_share_a_user_or_a_camera(tmp_path: Path) -> None:
    module = acl_module()
    first = module.load(edge_config(tmp_path, "edge-1", ["gate"]))
    with pytest.raises(module.AclError, match=r"username"):
        module.acl([first, first], "aggregator")
    with pytest.raises(module.AclError, match=r"username"):
        module.acl([first], "edge-1")
    second = module.load(edge_config(tmp_path, "edge-2", ["gate"]))
    with pytest.raises(module.AclError, match=r"camera gate"):
        module.acl([first, second], "aggregator")


def test_the_command_prints_the_acl_or_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = acl_module()
    good = edge_config(tmp_path, "edge-1", ["gate"])
    assert module.main([str(good)]) == 0
    assert "topic write jaga/v1/kota/gate/event\n" in capsys.readouterr().out
    assert module.main([str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err
