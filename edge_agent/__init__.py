"""The agent on a camera host: video in, anomaly events out."""

import os

# Before numpy is loaded. The products of the core are of some hundred rows: shared among threads, most of their time
# goes into waiting for each other, and it is spent in loops that keep a whole core busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
