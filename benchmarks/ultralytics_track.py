"""`YOLO.track()` over one video, timed: run by throughput.py with a Python that has ultralytics, and without Jaga.

Arguments: weights, video, imgsz. Prints one line of JSON: frames, seconds (from the first frame asked for to the last
result, the network warmed up before) and the versions.
"""

import json
import os
import sys
import time
import types

os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_VERBOSE="false")


def broken_torchvision() -> bool:
    """Whether torchvision is there but was built for another torch; ultralytics' own NMS then stands in for its."""
    try:
        import torchvision  # type: ignore[import-not-found] # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        from ultralytics.utils.nms import TorchNMS

        stand_in = types.ModuleType("torchvision")
        stand_in.__dict__.update(__version__="0", ops=types.SimpleNamespace(nms=TorchNMS.nms))
        sys.modules["torchvision"] = stand_in
        return True
    except ImportError:
        return False
    return False


def main() -> None:
    weights, video, imgsz = sys.argv[1], sys.argv[2], int(sys.argv[3])
    own_nms = broken_torchvision()
    import numpy
    import torch  # type: ignore[import-not-found]
    import ultralytics
    from ultralytics import YOLO

    model = YOLO(weights)
    options = {"imgsz": imgsz, "conf": 0.1, "iou": 0.6, "classes": [0], "verbose": False, "device": "cpu"}
    model.predict(numpy.zeros((576, 768, 3), numpy.uint8), **options)
    began = time.monotonic()
    people = [len(found.boxes) for found in model.track(video, stream=True, tracker="bytetrack.yaml", **options)]
    seconds = time.monotonic() - began
    versions = f"ultralytics {ultralytics.__version__}, torch {torch.__version__}"
    versions += ", own NMS" if own_nms else ""
    print(json.dumps({"frames": len(people), "seconds": seconds, "boxes": sum(people), "versions": versions}))


if __name__ == "__main__":
    main()
