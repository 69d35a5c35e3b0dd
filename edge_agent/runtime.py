"""A running agent: cameras, the networks that look at them, spool, link and health, wired together.

Threads: one a camera (edge_agent.adapters.source_live), those that analyse (edge_agent.runtime_analysis: the latest
picture of each camera, in turn), the link's, the spool's, one for health, and one that reloads where the link was told
to. The main thread waits in `run` and reloads when it is told to.
"""

import base64
import contextlib
import hashlib
import os
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import structlog

from contract import clip
from contract.errors import ConfigError, JagaError
from contract.events import MAX_EVIDENCE_BYTES
from contract.ids import uuid7
from contract.messages import Command, Health, Reply, refusal
from contract.ranges import Ranges
from contract.replay import read_args
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.adapters.clock_system import clock_quality
from edge_agent.adapters.host_psutil import HostProbe
from edge_agent.adapters.mqtt_link import LinkOptions, MqttLink
from edge_agent.adapters.mqtt_paho import Broker
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.config import load
from edge_agent.config_sections import EdgeConfig, MqttSection
from edge_agent.core.crop_planner import in_parts
from edge_agent.core.errors import CommandRefused, SpoolError
from edge_agent.core.events import Agent
from edge_agent.core.ports import Detector
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import PERSON
from edge_agent.networks import Networks
from edge_agent.runtime_analysis import Analysis, processors
from edge_agent.runtime_camera import LiveCamera
from edge_agent.runtime_outbox import Outbox
from edge_agent.whole_file import sweep

log = structlog.get_logger()

SNAPSHOT_WAIT_S = 3.0
"""So long the link waits for the next picture of a camera."""
SIGNAL_WAIT_S = 0.5
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
        self._networks = Networks(detector, many=True)
        self._open_networks(config)
        spool = config.spool
        self._spool = SqliteSpool(
            config.agent.data_dir / "spool.sqlite", int(spool.max_mb * 1e6), spool.keep_hours * 3600
        )
        sweep(_memory(config))
        self._clips = ClipFiles(config.agent.data_dir / "clips")
        self._link = MqttLink(self._link_options(config.mqtt), self._spool, config.config_hash, self.command)
        self._host = HostProbe(config.agent.data_dir)
        self._clock = clock_quality()
        self._outbox = Outbox(self._spool, self._link.wake, lambda: self._config.config_hash)
        self._cameras: tuple[LiveCamera, ...] = ()
        self._suspended: set[str] = set()
        """Those of the config that a reload could not open again, and somebody had suspended."""
        self._changing = threading.Lock()
        self._reloading = threading.Lock()
        """Beside it, since a reload opens networks first, while all that runs goes on and is asked things."""
        self._reloads = ThreadPoolExecutor(1, thread_name_prefix="reload")
        self._stopping = threading.Event()
        # A SimpleQueue may be filled by a signal handler, whatever its reader holds at that moment; an Event may not.
        self._requests: queue.SimpleQueue[Literal["stop", "reload"]] = queue.SimpleQueue()
        workers = config.detector.threads or processors()
        self._analysis = Analysis(self._serve, self._finish, self._outbox.retry, workers)
        self._reporting = threading.Thread(target=self._report, name="health", daemon=True)
        self._preparing = threading.Thread(target=self._prepare, args=(config,), name="prepare", daemon=True)

    def run(self) -> None:
        """Until `request("stop")`, which a signal handler may call, as it may `request("reload")`."""
        self.start()
        while self._next_request() == "reload":
            try:
                self.reload()
            except JagaError as error:
                log.warning("reload_refused", reason=str(error), config_hash=self._config.config_hash)
            except Exception:  # no thread is left, for one: what runs goes on, and the next one tries again
                log.exception("reload_failed")
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
        self._preparing.start()
        self._cameras = tuple(self._open(camera) for camera in config.cameras)
        self._analysis.watch(self._cameras)
        self._analysis.start()
        self._reporting.start()
        self._link.start()  # last: a command to reload finds all that it changes
        log.info(
            "agent_started",
            agent=config.agent.id,
            cameras=len(self._cameras),
            config_hash=config.config_hash,
            detector=self._networks.names,
        )

    def stop(self) -> None:
        """Ends all episodes, publishes what there is for a few seconds, says offline. Nothing that is left is lost."""
        self._stopping.set()
        # A reload that goes on ends first: nobody would close the cameras and networks that it opens.
        with self._reloading, self._changing:
            self._analysis.stop()
        self._outbox.give_up()
        self._reporting.join()
        self._preparing.join()
        self._link.close()
        self._reloads.shutdown()
        self._clips.close()
        self._spool.close()
        self._networks.close()
        log.info("agent_stopped", agent=self._config.agent.id)

    def reload(self) -> EdgeConfig:
        """Reads the config file again: cameras that did not change keep running. Raises ConfigError, and CommandRefused
        while the agent stops, and then runs on as before."""
        with self._reloading:
            self._check_running()
            old, new, before = self._config, load(self._config.file), self._cameras
            fixed = [name for name in FIXED_SECTIONS if getattr(new, name) != getattr(old, name)]
            if fixed or new.timezone != old.timezone:
                raise ConfigError("edge.reload.restart", file=str(new.file), sections=", ".join(fixed) or "agent")
            if not new.cameras:
                raise ConfigError("edge.config.no_camera", file=str(new.file))
            try:
                # First: what cannot be opened ends nothing, and no camera waits for what takes seconds.
                self._open_networks(new)
                self._prepare(new)
                with self._changing:
                    self._check_running()
                    self._change_to(new)
            finally:
                self._networks.keep(self._config.network_of(camera) for camera in self._config.cameras)
            log.info(
                "reloaded",
                kept=sum(camera in before for camera in self._cameras),
                cameras=len(self._cameras),
                config_hash=new.config_hash,
                detector=self._networks.names,
            )
            return new

    def _change_to(self, new: EdgeConfig) -> None:
        running = {camera.spec: camera for camera in self._cameras}
        cameras = {spec: running.pop(spec) for spec in new.cameras if spec in running}
        self._config = new
        # What somebody has suspended is not watched again because its zones were moved, or a reload failed in between.
        suspended = self._suspended | {camera.spec.id for camera in running.values() if camera.state == "suspended"}
        # The others first: their connection is free then, and whoever comes in their place knows what they learned.
        self._cameras = tuple(cameras.values())
        self._analysis.watch(self._cameras)
        try:
            for spec in new.cameras:
                cameras[spec] = cameras.get(spec) or self._open(spec, spec.id in suspended)
        finally:  # what could be opened is watched, and the next reload finds it
            self._cameras = tuple(cameras[spec] for spec in new.cameras if spec in cameras)
            self._suspended = {spec.id for spec in new.cameras if spec not in cameras} & suspended
            self._analysis.watch(self._cameras)
        self._link.set_config_hash(new.config_hash)

    def command(self, command: Command) -> Reply | Future[Reply]:
        """Does what the command says, in the link's thread; what takes long (a clip may have to be coded first, a
        network to be opened) in another one, and is answered then."""
        if command.name == "clip":
            return self._clips.later(lambda: self._answer(command))
        if command.name == "reload":
            return self._reloads.submit(self._answer, command)
        return self._answer(command)

    def _answer(self, command: Command) -> Reply:
        try:
            result = self._do(command)
        except (JagaError, ValueError, OSError) as error:
            return refusal(command.id, error, datetime.now(UTC))
        except Exception as error:  # whoever asked is told, and the link goes on
            log.exception("command_failed", command=command.name, id=command.id)
            failed = CommandRefused("edge.command.failed", name=command.name, detail=f"{type(error).__name__}: {error}")
            return refusal(command.id, failed, datetime.now(UTC))
        return Reply(id=command.id, ok=True, time=datetime.now(UTC), result=result)

    def health(self) -> Health:
        self._clock = clock_quality()
        # In this order: an event that comes in between is counted as waiting, not as delivered.
        last = self._spool.last_sequence()
        depth = self._spool.depth()
        with self._changing:  # amid a reload some cameras would seem suspended
            return Health(
                time=datetime.now(UTC),
                interval_s=self._config.health.interval_s,
                cameras=tuple(camera.health(mute=self._outbox.refused) for camera in self._cameras),
                host=self._host.read(depth, last, self._clock),
            )

    def _do(self, command: Command) -> dict[str, Any]:
        if command.name == "reload":
            return {"config_hash": self.reload().config_hash}
        if command.name == "replay":
            return self._replay(read_args(command.args))
        if command.name not in ("suspend", "resume", "snapshot", "clip"):
            raise CommandRefused("edge.command.unsupported", name=command.name)
        with self._changing:  # one that a reload has just ended would be opened again, and its successor not suspended
            camera = self._camera(command.camera)
            if command.name in ("suspend", "resume"):
                self._check_running()
                self._switch(camera, command.name == "resume")
                return {"camera": camera.spec.id, "state": camera.state}
        if command.name == "clip":
            return self._clip(camera, clip.read_args(command.args).event)
        return {"jpeg": base64.b64encode(self._snapshot(camera)).decode()}

    def _check_running(self) -> None:
        """Raises CommandRefused at the agent's end: whoever opens a camera then leaves it open."""
        if self._stopping.is_set():
            raise CommandRefused("edge.command.stopping")

    def _camera(self, name: str | None) -> LiveCamera:
        camera = next((camera for camera in self._cameras if camera.spec.id == name), None)
        if camera is None:
            known = ", ".join(camera.spec.id for camera in self._cameras)
            raise CommandRefused("edge.command.no_camera", camera=name or "-", allowed=known)
        return camera

    def _switch(self, camera: LiveCamera, on: bool) -> None:
        if on:
            camera.resume()
        else:
            camera.suspend()
            self._analysis.call(camera)

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
            raise CommandRefused("edge.command.snapshots_off")
        if camera.state != "online":
            raise CommandRefused("edge.command.not_watching", camera=camera.spec.id, state=camera.state)
        asked = camera.ask_snapshot()
        try:
            return asked.result(SNAPSHOT_WAIT_S)
        except FutureTimeout as error:
            seconds = f"{SNAPSHOT_WAIT_S:g}"
            raise CommandRefused("edge.command.no_picture", camera=camera.spec.id, seconds=seconds) from error

    def _open(self, spec: CameraSpec, suspended: bool = False) -> LiveCamera:
        config = self._config
        agent = Agent(config.agent.site, config.agent.id, config.config_hash, self._boot)
        memory = _memory(config) / f"{spec.id}.npz"
        return LiveCamera(
            spec,
            agent,
            config.tracker,
            config.detector,
            self._networks.of(config.network_of(spec)),
            self._analysis.call,
            memory,
            self._clips,
            suspended,
        )

    def _serve(self, camera: LiveCamera) -> bool:
        """One step of one camera; what goes wrong in it is reported and the others go on."""
        try:
            outputs = camera.step(self._clock, self._config.evidence)
            self._outbox.store(outputs or ())
        except Exception:  # one camera's fault must not stop the watch of all others
            log.exception("camera_step_failed", camera=camera.spec.id)
            return False
        return outputs is not None

    def _finish(self, camera: LiveCamera) -> None:
        try:
            self._outbox.store(camera.finish(self._clock))
        except Exception:  # the others shall end properly all the same
            log.exception("camera_finish_failed", camera=camera.spec.id)

    def _open_networks(self, config: EdgeConfig) -> None:
        """Those that its cameras need. Raises ConfigError where the model sees nobody whom pictures should hide: nobody
        can make unrecognisable whom it cannot see."""
        for camera in config.cameras:
            detector = self._networks.of(config.network_of(camera))
            if config.evidence.blurs and PERSON not in detector.classes:
                raise ConfigError("edge.config.model_no_person", file=str(config.file), model=detector.name)

    def _prepare(self, config: EdgeConfig) -> None:
        asked = [config.network_of(camera) for camera in config.cameras if in_parts(camera)]
        self._networks.prepare(asked, self._stopping.is_set)

    def _report(self) -> None:
        while not self._stopping.wait(self._config.health.interval_s):
            try:
                self._prune()
                self._link.health(self.health())
            except (JagaError, OSError) as error:
                log.warning("health_failed", reason=str(error))
            except Exception:  # without its health the whole agent would be taken for silent
                log.exception("health_failed")

    def _prune(self) -> None:
        """Clips first: what is deleted of them makes room, which deleting from the spool needs."""
        evidence = self._config.evidence
        self._clips.prune(evidence.clip_keep_hours * 3600, int(evidence.clip_max_mb * 1e6))
        try:
            self._spool.prune()
        except SpoolError as error:
            log.warning("spool_not_pruned", reason=str(error))

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


def _memory(config: EdgeConfig) -> Path:
    """The folder of what the cameras' rules have learned."""
    return config.agent.data_dir / "memory"
