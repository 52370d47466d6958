"""A contact's bounces out, its real changes in: pure, time comes in with every call."""


class Debouncer:
    """Turns raw levels into levels that held for `stable_s`.

    Attributes:
        level: The stable level.
        glitches: Bursts of edges that ended where they began, a too short press among them.
    """

    def __init__(self, stable_s: float, *, level: bool) -> None:
        self.level = level
        self.glitches = 0
        self._stable_s = stable_s
        self._raw = level
        self._edge_at: float | None = None

    @property
    def due(self) -> float | None:
        """When to call `settle` if no edge comes first, None while nothing is pending."""
        return None if self._edge_at is None else self._edge_at + self._stable_s

    def edge(self, at: float, *, level: bool) -> float | None:
        """Take an edge to `level`; return what `settle(at)` returned first.

        Two edges to the same level mean that one between them was lost: the wait starts again.
        """
        changed = self.settle(at)
        if level != self.level or self._edge_at is not None:
            self._raw = level
            self._edge_at = at
        return changed

    def sample(self, at: float, *, level: bool) -> float | None:
        """Take a level that was polled, which heals lost edges; return as `edge` does."""
        return self.settle(at) if level == self._raw else self.edge(at, level=level)

    def settle(self, now: float) -> float | None:
        """Return when the new stable level began, None when nothing changed by `now`."""
        if self._edge_at is None or now - self._edge_at < self._stable_s:
            return None
        began, self._edge_at = self._edge_at, None
        if self._raw == self.level:
            self.glitches += 1
            return None
        self.level = self._raw
        return began
