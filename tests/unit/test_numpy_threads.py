"""The agent's arithmetic stays on the thread that asks for it."""

import os
import subprocess
import sys

MULTIPLIES = """
import os
import edge_agent.cli
import numpy as np
square = np.ones((600, 600))
square @ square
print(len(os.listdir("/proc/self/task")))
"""


def test_products_are_not_shared_among_threads() -> None:
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", MULTIPLIES], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
