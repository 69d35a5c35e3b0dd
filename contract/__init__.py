"""The wire: events, topics, ids, units, codec and errors. Edge and aggregator import it; it imports neither."""
