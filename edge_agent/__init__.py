"""The agent on a camera host: video in, anomaly events out."""
