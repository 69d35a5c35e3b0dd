"""A running agent: cameras, one detector for all of them, spool, link and health, wired together.

Threads: one a camera (edge_agent.adapters.source_live), one that analyses (pictures of all cameras in turn, the latest
of each), the link's, the spool's, and one for health. The main thread waits in `run` and reloads when it is told to.
"""

import base64
import contextlib
import hashlib
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Literal

import msgspec
import structlog

from contract import clip
from contract.errors import CodecError, ConfigError, JagaError
from contract.events import MAX_EVIDENCE_BYTES, Event
from contract.ids import uuid7
from contract.messages import Command, Health, Reply
from contract.ranges import Ranges
from contract.replay import read_args
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.adapters.clock_system import clock_quality
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.host_psutil import HostProbe
from edge_agent.adapters.mqtt_link import LinkOptions, MqttLink
from edge_agent.adapters.mqtt_paho import Broker
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.config import load
from edge_agent.config_sections import PERSON, EdgeConfig, MqttSection
from edge_agent.core.errors import CommandRefused, SpoolError
from edge_agent.core.fair_rate import FairRate
from edge_agent.core.pipeline import Agent
from edge_agent.core.ports import Detector
from edge_agent.core.spec import CameraSpec
from edge_agent.runtime_camera import LiveCamera, Output

log = structlog.get_logger()

IDLE_WAIT_S = 0.5
SNAPSHOT_WAIT_S = 3.0
SIGNAL_WAIT_S = 0.5
MOST_UNSAVED = 200
"""Events held in memory while the disk refuses them; beyond it the oldest is lost, with an error in the log."""

FIXED_SECTIONS = ("agent", "mqtt", "detector", "tracker", "spool")
"""What a reload cannot change: it is refused and says so."""


class Runtime:
    """Runs `config` from `start` to `stop`. Raises what opening the detector and the spool raise."""

    def __init__(self, config: EdgeConfig, detector: Detector | None = None) -> None:
        if config.mqtt is None:
            raise ConfigError("edge.config.no_mqtt", file=str(config.file))
        if not config.cameras:
            raise ConfigError("edge.config.no_camera", file=str(config.file))
        self._config = config
        self._boot = uuid7(int(time.time() * 1000), os.urandom(10))
        self._detector = detector or open_detector(config.detector)
        _check_blur(config, self._detector)
        spool = config.spool
        self._spool = SqliteSpool(
            config.agent.data_dir / "spool.sqlite", int(spool.max_mb * 1e6), spool.keep_hours * 3600
        )
        self._clips = ClipFiles(config.agent.data_dir / "clips")
        self._link = MqttLink(self._link_options(config.mqtt), self._spool, config.config_hash, self.command)
        self._host = HostProbe(config.agent.data_dir)
        self._clock = clock_quality()
        self._cameras: tuple[LiveCamera, ...] = ()
        self._retired: deque[LiveCamera] = deque()
        self._unsaved: deque[Output] = deque()
        self._fair = FairRate()
        self._changing = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        # A SimpleQueue may be filled by a signal handler, whatever its reader holds at that moment; an Event may not.
        self._requests: queue.SimpleQueue[Literal["stop", "reload"]] = queue.SimpleQueue()
        self._analysis = threading.Thread(target=self._analyse, name="analysis")
        self._reporting = threading.Thread(target=self._report, name="health", daemon=True)

    def run(self) -> None:
        """Until `request("stop")`, which a signal handler may call, as it may `request("reload")`."""
        self.start()
        while self._next_request() == "reload":
            try:
                self.reload()
            except JagaError as error:
                log.warning("reload_refused", reason=str(error), config_hash=self._config.config_hash)
        self.stop()

    def request(self, what: Literal["stop", "reload"]) -> None:
        self._requests.put(what)

    def _next_request(self) -> Literal["stop", "reload"]:
        while True:
            with contextlib.suppress(queue.Empty):
                # Of two signals at once (Ctrl-C and a supervisor's SIGTERM) the kernel may hand both to another thread;
                # Python runs their handlers only when the main thread wakes.
                return self._requests.get(timeout=SIGNAL_WAIT_S)

    @property
    def cameras(self) -> tuple[LiveCamera, ...]:
        return self._cameras

    def start(self) -> None:
        config = self._config
        self._cameras = tuple(self._open(camera) for camera in config.cameras)
        self._link.start()
        self._analysis.start()
        self._reporting.start()
        log.info("agent_started", agent=config.agent.id, cameras=len(self._cameras), config_hash=config.config_hash)

    def stop(self) -> None:
        """Ends all episodes, publishes what there is for a few seconds, says offline. Nothing that is left is lost."""
        self._stopping.set()
        self._news.set()
        self._analysis.join()
        self._reporting.join()
        self._link.close()
        self._clips.close()
        self._spool.close()
        self._detector.close()
        log.info("agent_stopped", agent=self._config.agent.id)

    def reload(self) -> EdgeConfig:
        """Reads the config file again: cameras that did not change keep running. Raises ConfigError and then runs on
        as before."""
        with self._changing:
            old, new = self._config, load(self._config.file)
            fixed = [name for name in FIXED_SECTIONS if getattr(new, name) != getattr(old, name)]
            if fixed or new.timezone != old.timezone:
                raise ConfigError("edge.reload.restart", file=str(new.file), sections=", ".join(fixed) or "agent")
            if not new.cameras:
                raise ConfigError("edge.config.no_camera", file=str(new.file))
            _check_blur(new, self._detector)
            running = {camera.spec: camera for camera in self._cameras}
            kept = {spec: running.pop(spec) for spec in new.cameras if spec in running}
            self._config = new
            self._cameras = tuple(kept.get(spec) or self._open(spec) for spec in new.cameras)
            for camera in running.values():
                camera.suspend()
                self._retired.append(camera)
            self._link.set_config_hash(new.config_hash)
            log.info("reloaded", kept=len(kept), cameras=len(self._cameras), config_hash=new.config_hash)
            self._news.set()
            return new

    def command(self, command: Command) -> Reply | Future[Reply]:
        """Does what the command says, in the link's thread; a clip may have to be coded first, and is answered then."""
        if command.name == "clip":
            return self._clips.later(lambda: self._answer(command))
        return self._answer(command)

    def _answer(self, command: Command) -> Reply:
        try:
            result = self._do(command)
        except (JagaError, ValueError, OSError) as error:
            return Reply(id=command.id, ok=False, time=datetime.now(UTC), error=str(error)[:2000])
        return Reply(id=command.id, ok=True, time=datetime.now(UTC), result=result)

    def health(self) -> Health:
        self._clock = clock_quality()
        # In this order: an event that comes in between is counted as waiting, not as delivered.
        last = self._spool.last_sequence()
        depth = self._spool.depth()
        return Health(
            time=datetime.now(UTC),
            interval_s=self._config.health.interval_s,
            cameras=tuple(camera.health() for camera in self._cameras),
            host=self._host.read(depth, last, self._clock),
        )

    def _do(self, command: Command) -> dict[str, Any]:
        if command.name == "reload":
            return {"config_hash": self.reload().config_hash}
        if command.name == "replay":
            return self._replay(read_args(command.args))
        if command.name not in ("suspend", "resume", "snapshot", "clip"):
            raise ValueError(f"{command.name} is not supported by this agent")
        camera = next((camera for camera in self._cameras if camera.spec.id == command.camera), None)
        if camera is None:
            known = ", ".join(camera.spec.id for camera in self._cameras)
            raise ValueError(f"no camera {command.camera}; there are: {known}")
        if command.name == "suspend":
            camera.suspend()
            self._news.set()
        elif command.name == "resume":
            camera.resume()
        elif command.name == "clip":
            return self._clip(camera, clip.read_args(command.args).event)
        else:
            return {"jpeg": base64.b64encode(self._snapshot(camera)).decode()}
        return {"camera": camera.spec.id, "state": camera.state}

    def _replay(self, ranges: Ranges) -> dict[str, Any]:
        queued, gone = self._spool.replay(ranges)
        log.info("replay", asked=ranges, queued=queued, gone=gone)
        self._link.rewind()
        return {"queued": queued, "gone": gone}

    def _clip(self, camera: LiveCamera, event: str) -> dict[str, Any]:
        """Behind what waits in the spool: a bad line takes the events first. In the clips' thread."""
        section = self._config.evidence
        if not section.snapshots:
            raise CommandRefused("edge.command.snapshots_off")
        if camera.recording(event):
            raise CommandRefused("edge.command.clip_runs", event=event, seconds=f"{section.clip_after_s:g}")
        content = self._clips.read(event)
        if content is None:
            raise CommandRefused("edge.command.no_clip", event=event, hours=f"{section.clip_keep_hours:g}")
        if len(content) > MAX_EVIDENCE_BYTES:
            raise CommandRefused("edge.command.clip_big", size=len(content), allowed=MAX_EVIDENCE_BYTES)
        self._spool.attach(self._config.agent.site, camera.spec.id, event, content)
        self._link.wake()
        return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def _snapshot(self, camera: LiveCamera) -> bytes:
        if not self._config.evidence.snapshots:
            raise ValueError("snapshots are switched off in this agent's config")
        if camera.state != "online":
            raise ValueError(f"camera {camera.spec.id} is {camera.state}")
        asked = camera.ask_snapshot()
        self._news.set()
        try:
            return asked.result(SNAPSHOT_WAIT_S)
        except FutureTimeout as error:
            raise ValueError(f"camera {camera.spec.id} gave no picture within {SNAPSHOT_WAIT_S:g} s") from error

    def _open(self, spec: CameraSpec) -> LiveCamera:
        config = self._config
        agent = Agent(config.agent.site, config.agent.id, config.config_hash, self._boot)
        memory = config.agent.data_dir / "memory" / f"{spec.id}.npz"
        return LiveCamera(spec, agent, config.tracker, self._detector.name, self._news.set, memory, self._clips)

    def _analyse(self) -> None:
        """Serves the cameras in turn, so a busy one cannot starve the others, until stopped; then ends everything.
        Where it is short of time, every camera is analysed less often."""
        while not self._stopping.is_set():
            self._news.wait(IDLE_WAIT_S)
            self._news.clear()
            busy = True
            while busy and not self._stopping.is_set():
                busy = False
                for camera in self._cameras:
                    busy = self._guarded(camera) or busy
                self._share_out()
            if self._unsaved:
                self._store(())
            while self._retired:
                self._finish(self._retired.popleft())
        for camera in (*self._retired, *self._cameras):
            self._finish(camera)
        for output in self._unsaved:
            log.error(
                "event_lost", event=output.event.id, type=output.event.type, reason="the disk refused it to the end"
            )

    def _guarded(self, camera: LiveCamera) -> bool:
        """One step of one camera; what goes wrong in it is reported and the others go on."""
        began = time.monotonic()
        try:
            outputs = camera.step(self._detector, self._clock, self._config.evidence)
            self._store(outputs or ())
        except Exception:  # one camera's fault must not stop the watch of all others
            log.exception("camera_step_failed", camera=camera.spec.id)
            return False
        if outputs is None:
            return False
        now = time.monotonic()
        self._fair.spent(camera.spec.id, now, now - began)
        return True

    def _share_out(self) -> None:
        """Tells each camera how often it is analysed now."""
        cameras = self._cameras
        now = time.monotonic()
        if self._fair.due(now):
            rates = self._fair.rates(now, {camera.spec.id: camera.wanted for camera in cameras})
            for camera in cameras:
                camera.allow(rates[camera.spec.id])

    def _finish(self, camera: LiveCamera) -> None:
        try:
            self._store(camera.finish(self._clock))
        except Exception:  # the others shall end properly all the same
            log.exception("camera_finish_failed", camera=camera.spec.id)

    def _store(self, outputs: Sequence[Output]) -> None:
        """Into the spool, in order; what the disk refuses waits here and is tried again with each round."""
        self._unsaved.extend(outputs)
        refused = ""
        while self._unsaved and not refused:
            output = self._unsaved[0]
            event = self._with_hash(output.event)
            try:
                stored = self._spool.append(event, output.evidence)
            except CodecError as error:
                log.error("event_lost", event=event.id, type=event.type, reason=str(error))
                self._unsaved.popleft()
            except SpoolError as error:
                refused = str(error)
            else:
                self._unsaved.popleft()
                log.info("event", id=stored.id, type=stored.type, camera=stored.data.camera, sequence=stored.sequence)
        if refused and outputs:
            log.warning("spool_refused", waiting=len(self._unsaved), reason=refused)
        while len(self._unsaved) > MOST_UNSAVED:
            event = self._unsaved.popleft().event
            log.error("event_lost", event=event.id, type=event.type, reason=refused)
        if outputs:
            self._link.wake()

    def _with_hash(self, event: Event) -> Event:
        """An unchanged camera runs on through a reload; its events name the config that holds now."""
        if event.data.why.config_hash == self._config.config_hash:
            return event
        why = msgspec.structs.replace(event.data.why, config_hash=self._config.config_hash)
        return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, why=why))

    def _report(self) -> None:
        while not self._stopping.wait(self._config.health.interval_s):
            try:
                self._spool.prune()
                evidence = self._config.evidence
                self._clips.prune(evidence.clip_keep_hours * 3600, int(evidence.clip_max_mb * 1e6))
                self._link.health(self.health())
            except (JagaError, OSError) as error:
                log.warning("health_failed", reason=str(error))
            except Exception:  # without its health the whole agent would be taken for silent
                log.exception("health_failed")

    def _link_options(self, mqtt: MqttSection) -> LinkOptions:
        agent = self._config.agent
        broker = Broker(
            host=mqtt.host,
            port=mqtt.port,
            client_id=f"jaga-{agent.site}-{agent.id}",
            username=mqtt.username,
            password=None,
            tls=mqtt.tls,
            tls_ca=mqtt.tls_ca,
            keepalive_s=mqtt.keepalive_s,
            session_expiry_s=mqtt.session_expiry_s,
            in_flight=mqtt.in_flight,
        )
        return LinkOptions(
            site=agent.site,
            agent=agent.id,
            version=metadata.version("jaga"),
            boot_id=self._boot,
            broker=broker,
            protocol=mqtt.version,
            password_file=mqtt.password_file,
            delayed_after_s=mqtt.delayed_after_s,
        )


def _check_blur(config: EdgeConfig, detector: Detector) -> None:
    """Whom the model cannot see, nobody can make unrecognisable. Raises ConfigError."""
    if config.evidence.blurs and PERSON not in detector.classes:
        raise ConfigError("edge.config.model_no_person", file=str(config.file), model=detector.name)
