"""What weather, light, insects, the camera and coding do to a picture, laid over any clip: synthetic, seeded, in three
strengths.

They are what an outdoor camera sees every week and nobody wants to be told of. What is made here tests logic; it is no
measurement of the world, and reports must say so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from simulator.tamper import STRENGTHS, Strength
from simulator.weather.air import fog, fog_depth, rain, rain_night
from simulator.weather.cloth import flag, spider_threads
from simulator.weather.codec import block_loss, pumping, recoding
from simulator.weather.insects import insects_crawling, insects_night
from simulator.weather.lamps import fireworks, led_screen, police_lights
from simulator.weather.light import (
    cloud_shadow,
    flicker_lamp,
    flicker_mains,
    headlights_day,
    headlights_night,
    ir_hunting,
    ir_switch,
)
from simulator.weather.sensor import auto_gain, clock, gain_noise, mast
from simulator.weather.setting import Act, Image, Setting
from simulator.weather.trees import trees

__all__ = ["KINDS", "STRENGTHS", "Image", "Strength", "weathered"]

KINDS: Mapping[str, Callable[[Setting], Act]] = {
    "rain": rain,
    "rain_night": rain_night,
    "fog": fog,
    "fog_depth": fog_depth,
    "insects_crawling": insects_crawling,
    "insects_night": insects_night,
    "flicker_mains": flicker_mains,
    "flicker_lamp": flicker_lamp,
    "ir_switch": ir_switch,
    "headlights_day": headlights_day,
    "headlights_night": headlights_night,
    "trees": trees,
    "recoding": recoding,
    "pumping": pumping,
    "block_loss": block_loss,
    "police_lights": police_lights,
    "fireworks": fireworks,
    "led_screen": led_screen,
    "flag": flag,
    "spider_threads": spider_threads,
    "cloud_shadow": cloud_shadow,
    "ir_hunting": ir_hunting,
    "auto_gain": auto_gain,
    "gain_noise": gain_noise,
    "mast": mast,
    "clock": clock,
}


def weathered(
    frames: Iterable[Image], kind: str, strength: Strength, fps: float, seed: int, begin_s: float = 0.0
) -> Iterator[Image]:
    """The pictures, BGR (height, width, 3), `fps` a second, as the camera would show them: new arrays, the originals
    untouched, the same bytes for the same seed.

    Until `begin_s` only what does not begin (the night, a tree that stands still) is there. All pictures have the size
    of the first. Raises KeyError for a kind that is none of KINDS.
    """
    make = KINDS[kind]
    act: Act | None = None
    for index, frame in enumerate(frames):
        act = act or make(Setting(frame.shape[0], frame.shape[1], fps, strength, seed))
        yield act(frame, index / fps - begin_s)
