"""What a camera's report says, as a sentence of the catalogue: agents of before sent English words alone."""

import re

from contract.sentence import Sentence, known, sentence

_WORDS = {
    "nothing moves": "camera.still",
    "suspended by command": "camera.suspended",
    "the stream ended": "camera.stream_ended",
    "the recording is over": "camera.recording_over",
    "the camera refuses this user name or password": "camera.refused",
    "no such file": "camera.no_file",
    "it has no video stream": "camera.no_video",
    "it holds no picture that can be decoded": "camera.nothing_decodable",
    "Invalid data found when processing input": "camera.invalid",
    "Connection refused": "camera.connection_refused",
    "Connection timed out": "camera.timed_out",
    "No route to host": "camera.unreachable",
    "last_will": "camera.last_will",
    "silent": "camera.silent",
}
_NO_PICTURE = re.compile(r"no picture for (\d{1,9}(?:\.\d)?) s")
_RARELY = re.compile(r"(?:its host is too busy: )?analysed (\d{1,9}\.\d) times a second, too rarely for (.+)")


def worded(reason: str, why: Sentence | None = None) -> Sentence | None:
    """why: as it was sent; what our catalogue does not know is of an agent newer than we are. None: there are only the
    words themselves, a library's or those of somebody else's agent."""
    if why is not None:
        return why if known(why) else None
    if (key := _WORDS.get(reason)) is not None:
        return sentence(key)
    if silent := _NO_PICTURE.fullmatch(reason):
        return sentence("camera.no_picture", silent_s=float(silent[1]))
    if rare := _RARELY.fullmatch(reason):
        return sentence("camera.rarely", rate=float(rare[1]), rules=rare[2])
    return None
