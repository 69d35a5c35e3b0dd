"""Pure: correlation, incident lifecycle, liveness."""
