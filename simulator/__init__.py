"""A seeded city and a seeded scene renderer, both with ground truth."""
