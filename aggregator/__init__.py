"""The central aggregator: events in, incidents out."""
