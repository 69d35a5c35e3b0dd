"""Where the labelled footage lies: beside the checkout, or where JAGA_DATA says."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("JAGA_DATA", ROOT.parent / "shared" / "data"))
