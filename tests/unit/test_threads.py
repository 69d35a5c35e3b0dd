"""The agent's arithmetic stays on the thread that asks for it."""

import os
import subprocess
import sys

import pytest

MULTIPLIES = """
import os
import edge_agent.cli
import numpy as np
square = np.ones((600, 600))
square @ square
print(len(os.listdir("/proc/self/task")))
"""


PICTURES = """
import edge_agent.cli
import cv2
print(cv2.getNumThreads())
"""


@pytest.mark.parametrize("asks", [MULTIPLIES, PICTURES])
def test_work_is_not_shared_among_threads(asks: str) -> None:
    env = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    done = subprocess.run([sys.executable, "-c", asks], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
