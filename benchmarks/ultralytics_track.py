"""The obvious loop: OpenCV decodes, `YOLO.track()` looks at every n-th picture. Run with a Python that has ultralytics
(and lap), and without Jaga.

Arguments: weights (.pt or .onnx), video, imgsz, n. Each line that comes in says how many pictures more to decode (0:
all that are left), each that goes out is JSON about these: pictures decoded and looked at, seconds of processor time
(the network warmed up before), the versions, and the tracks as [index of the picture, id, x1, y1, x2, y2 (pixels),
score].
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
    weights, video, imgsz, every = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    answers, sys.stdout = sys.stdout, sys.stderr
    own_nms = broken_torchvision()
    import cv2
    import numpy
    import torch  # type: ignore[import-not-found]
    import ultralytics
    from ultralytics import YOLO

    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    cv2.setNumThreads(cores)
    model = YOLO(weights, task="detect")
    options = {"imgsz": imgsz, "conf": 0.1, "iou": 0.6, "classes": [0], "verbose": False, "device": "cpu"}
    capture = cv2.VideoCapture(video)
    _, first = capture.read()
    model.predict(numpy.zeros_like(first), **options)
    capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
    versions = f"ultralytics {ultralytics.__version__}, torch {torch.__version__}"
    versions += ", own NMS" if own_nms else ""
    decoded = 0
    for line in sys.stdin:
        rows: list[list[float]] = []
        begin, until = decoded, decoded + int(line) if int(line) else sys.maxsize
        looked, cpu = 0, time.process_time()
        while decoded < until and capture.grab():
            if decoded % every == 0:
                _, image = capture.retrieve()
                (found,) = model.track(image, persist=True, tracker="bytetrack.yaml", **options)
                looked += 1
                named = [box for box in found.boxes if box.id is not None]
                rows += [[decoded, int(box.id), *box.xyxy[0].tolist(), float(box.conf)] for box in named]
            decoded += 1
        cpu = time.process_time() - cpu
        told = {"decoded": decoded - begin, "looked": looked, "cpu": cpu, "versions": versions, "tracks": rows}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
