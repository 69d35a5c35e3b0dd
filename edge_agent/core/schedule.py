"""Whether a rule is armed at a time: local wall-clock windows, so a night shift stays a night shift over a clock
change."""

from datetime import UTC, datetime

from edge_agent.core.spec import WEEKDAYS, Schedule, Window


def armed(schedule: Schedule, t: float) -> bool:
    """`t`: seconds since the epoch. Without a zone the windows are UTC. A window holds its first minute and not its
    last."""
    if not schedule.windows:
        return True
    local = datetime.fromtimestamp(t, schedule.zone or UTC)
    return any(_holds(window, local) for window in schedule.windows)


def _holds(window: Window, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[local.weekday() - 1]
    if window.begin == window.end:
        return today in window.days
    if window.begin < window.end:
        return today in window.days and window.begin <= minute < window.end
    return (today in window.days and minute >= window.begin) or (yesterday in window.days and minute < window.end)
