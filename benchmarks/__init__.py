"""Measurements. What the agent sets for the process holds here too, whichever library a measurement loads first."""

import edge_agent  # noqa: F401
