"""What is known of a connection that a broker, or the network, ended."""

SILENT = "Unspecified error"
"""MQTT 5's name for the reason that nobody gave (5.0, section 3.14.2.1), and what clients call a mere end of the
stream."""


def hung_up(reason: str, answered: bool) -> str:
    """`reason` itself where there is one; else what ends a connection without one, for a log. answered: whether the
    broker had accepted the connection."""
    if reason != SILENT:
        return reason
    if answered:
        return (
            "no reason was given: the broker ended, the network broke, or another client came under this client_id; "
            "the broker's own log says which"
        )
    return (
        "no reason was given, and no answer before: this port wants TLS or a client's certificate, the broker takes no "
        "more clients, or it is no MQTT broker; its own log says which"
    )
