"""HTTP: thin routes and the live stream."""
