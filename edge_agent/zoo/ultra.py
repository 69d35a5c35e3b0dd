"""The ultralytics package, imported late (it brings torch) and quietly: no analytics, no automatic installation."""

import os
from typing import Any

from contract.errors import JagaError


class UltralyticsMissing(JagaError):
    """The `ultralytics` extra is not installed."""


def import_ultralytics(*, offline: bool) -> Any:
    """The module. offline: it may not even look whether there is a network.

    Raises UltralyticsMissing where it is not installed. Its settings lie apart from the user's own, so that switching
    off its reports changes nothing elsewhere.
    """
    from edge_agent.zoo.verify import cache_directory

    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_directory().parent / "ultralytics"))
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    if offline:
        os.environ.setdefault("YOLO_OFFLINE", "true")
    try:
        import ultralytics
        from ultralytics.utils import SETTINGS
        from ultralytics.utils.events import events
    except ImportError as error:
        raise UltralyticsMissing("zoo.no_ultralytics", detail=str(error)) from error
    if SETTINGS["sync"]:
        SETTINGS.update(sync=False)
    events.enabled = False
    return ultralytics
