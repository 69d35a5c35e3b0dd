"""What the demo's agents and cameras are: the places of the rendered scenes, or the user's own video."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from contract.errors import ConfigError, words
from contract.events import Location
from simulator.scenes import GROUND

Point = tuple[float, float]
Values = dict[str, object]

VIDEO_SUFFIXES = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"})
IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_OWN_CAMERAS = 16
LOOKS_PER_SECOND = 16.0
"""Pictures looked at per second by all of the user's cameras together: what two cores without a GPU do in comfort."""
WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """A camera section. zones, lines: by id, unit coordinates. rules: their keys as in the config. loop: a file starts
    again when it is over."""

    id: str
    name: str
    source: str
    location: Location
    fps: float
    zones: dict[str, tuple[Point, ...]]
    rules: tuple[Values, ...]
    lines: dict[str, tuple[Point, Point]]
    loop: bool = True


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """One `jaga edge run`: a site's cameras."""

    site: str
    id: str
    cameras: tuple[DemoCamera, ...]


def rendered(video_of: dict[str, Path], fps: float) -> tuple[DemoAgent, ...]:
    """The three places of simulator.scenes; `video_of` gives each scene's file by name."""

    def camera(name: str, title: str, lat: float, lon: float, rules: tuple[Values, ...]) -> DemoCamera:
        return DemoCamera(
            id=name,
            name=title,
            source=str(video_of[name]),
            location=Location(lat=lat, lon=lon, radius_m=30),
            fps=fps,
            zones={"jalan": WHOLE, "halaman": _floor(13.0, 22.0), "trotoar": _floor(11.5, 15.0)},
            lines={"tepi-jalan": (GROUND.unit(-3.5, 16.0), GROUND.unit(3.5, 16.0))},
            rules=rules,
        )

    crowd: Values = {"kind": "crowd", "zone": "jalan", "count": 5, "min_duration_s": 2.0, "end_after_s": 4.0}
    intrusion: Values = {"kind": "intrusion", "zone": "halaman", "severity": "major", "min_duration_s": 1.5}
    waiting: Values = {"kind": "loitering", "zone": "trotoar", "dwell_s": 20.0}
    crossing: Values = {"kind": "line_crossing", "line": "tepi-jalan"}
    return (
        DemoAgent(
            "kota-tua",
            "kota-tua-1",
            (
                camera("kota-1", "Jl. Pintu Besar Utara", -6.13640, 106.81340, (crowd,)),
                camera("kota-2", "Jl. Lada", -6.13585, 106.81395, (crowd,)),
                camera("kota-3", "Taman Fatahillah", -6.13520, 106.81330, (crowd,)),
            ),
        ),
        DemoAgent(
            "tanah-abang",
            "tanah-abang-1",
            (
                camera("gerbang", "Gerbang pasar", -6.18620, 106.81060, (intrusion,)),
                camera("gudang", "Gudang pasar", -6.18675, 106.81100, (intrusion,)),
            ),
        ),
        DemoAgent(
            "blok-m",
            "blok-m-1",
            (
                camera("halte", "Halte terminal", -6.24440, 106.80060, (waiting,)),
                camera("zebra", "Penyeberangan", -6.24395, 106.80020, (crossing,)),
            ),
        ),
    )


def own(video: str) -> tuple[DemoAgent, ...]:
    """One agent with the user's file, folder, stream or webcam. Raises ConfigError where there is nothing to play."""
    try:
        sources = _sources(video)
    except OSError as error:
        raise ConfigError("demo.video_unreadable", video=video, detail=words(error)) from error
    fps = max(1.0, min(5.0, LOOKS_PER_SECOND / len(sources)))
    rules: tuple[Values, ...] = (
        {"kind": "intrusion", "zone": "picture", "severity": "info", "min_duration_s": 1.5, "end_after_s": 5.0},
        {"kind": "loitering", "zone": "picture", "dwell_s": 20.0},
        {"kind": "crowd", "zone": "picture", "count": 5},
    )
    side = ceil(len(sources) ** 0.5)
    cameras = tuple(
        DemoCamera(
            id=f"camera-{number + 1}",
            name=name,
            source=source,
            location=Location(
                lat=round(-6.1754 - 0.0006 * (number // side), 6),
                lon=round(106.8272 + 0.0006 * (number % side), 6),
                radius_m=30,
            ),
            fps=fps,
            zones={"picture": WHOLE},
            lines={},
            rules=rules,
            loop=loop,
        )
        for number, (name, source, loop) in enumerate(sources)
    )
    return (DemoAgent("demo", "demo-1", cameras),)


def _floor(near: float, far: float) -> tuple[Point, ...]:
    """The ground between two distances (metres), across the whole picture."""
    low, high = GROUND.unit(0, near)[1], GROUND.unit(0, far)[1]
    return ((0.0, round(high, 4)), (1.0, round(high, 4)), (1.0, round(low, 4)), (0.0, round(low, 4)))


def _sources(video: str) -> list[tuple[str, str, bool]]:
    """(name, source, loop) of each camera that `video` means."""
    if "://" in video:
        return [(_host(video), video, False)]
    if video == "webcam" or video.startswith("webcam:") or video.isdigit():
        number = video.partition(":")[2] or (video if video.isdigit() else "0")
        return [(f"Webcam {number}", f"webcam:{number}", False)]
    path = Path(video).expanduser()
    if path.is_char_device():
        return [(path.name, str(path), False)]
    if path.is_file():
        return [(path.stem[:100], str(path.resolve()), True)]
    if not path.is_dir():
        raise ConfigError("demo.no_video", video=video)
    return _folder(path)


def _folder(path: Path) -> list[tuple[str, str, bool]]:
    """Each video of a folder is a camera; a folder of pictures is one."""
    inside = sorted(item for item in path.iterdir() if item.is_file())
    having: Callable[[frozenset[str]], list[Path]] = lambda kinds: [i for i in inside if i.suffix.lower() in kinds]  # noqa: E731
    videos = having(VIDEO_SUFFIXES)
    if len(videos) > MAX_OWN_CAMERAS:
        raise ConfigError("demo.too_many_videos", folder=path, count=len(videos), allowed=MAX_OWN_CAMERAS)
    if videos:
        return [(item.stem[:100], str(item.resolve()), True) for item in videos]
    if having(IMAGE_SUFFIXES):
        return [(path.resolve().name[:100], str(path.resolve()), True)]
    raise ConfigError("demo.empty_folder", folder=path, suffixes=" ".join(sorted(VIDEO_SUFFIXES)))


def _host(address: str) -> str:
    """A stream's name for people: its host and path, without credentials."""
    rest = address.partition("://")[2]
    return (rest.rpartition("@")[2] or rest).partition("?")[0][:100]
