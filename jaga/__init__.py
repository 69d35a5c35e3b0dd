"""The `jaga` command: composition only."""
