"""Data only: manifest, weights and model cards."""
