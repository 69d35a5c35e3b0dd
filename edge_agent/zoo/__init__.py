"""Where the models come from: pull, verify, export."""
