"""Which incident absorbed which: an id that is no more leads to the one that goes on."""


class Lineage:
    """One thread."""

    def __init__(self) -> None:
        self._into: dict[str, str] = {}
        self._absorbed: dict[str, list[str]] = {}

    def root(self, incident: str) -> str:
        """The incident that goes on; the same one where none absorbed it."""
        into = self._into
        while (kept := into.get(incident)) is not None:
            incident = kept
        return incident

    def note(self, absorbed: str, kept: str) -> None:
        self._into[absorbed] = kept
        self._absorbed.setdefault(kept, []).append(absorbed)

    def forget(self, incident: str) -> None:
        """All that this one absorbed; nothing while another one has absorbed it."""
        if incident in self._into:
            return
        gone = [incident]
        while gone:
            for absorbed in self._absorbed.pop(gone.pop(), []):
                self._into.pop(absorbed, None)
                gone.append(absorbed)
