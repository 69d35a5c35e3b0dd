"""One outside library a file; everything here becomes one of our types before it leaves."""
