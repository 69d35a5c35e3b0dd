"""The agent on a camera host: video in, anomaly events out."""

import os

# Before numpy and OpenCV are loaded. The products of the core are of some hundred rows, its pictures of a few hundred
# columns: shared among threads, most of their time goes into waiting for each other, in loops that keep a core busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
