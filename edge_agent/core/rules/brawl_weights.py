"""Placeholder until the first training."""

MEAN = SCALE = WEIGHTS = "0"
BIAS = 0.0
USUAL = (0.0,)
