"""One outside library a file."""
