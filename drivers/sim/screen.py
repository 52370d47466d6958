"""A simulated screen: keeps what is shown. Order: `state`."""

from collections.abc import Mapping, Sequence

from drivers.base import Health
from drivers.options import Options
from drivers.screen import plain
from drivers.sim.orders import Order, verb


class SimScreen:
    """Keeps title and lines as the console would show them."""

    def __init__(self, name: str, options: Options) -> None:
        del options  # nothing to configure
        self.name = name
        self._page: tuple[str, tuple[str, ...]] = ("", ())
        self._is_open = False
        self._counts = {"opens": 0, "shown": 0}

    def open(self) -> None:
        """Blank it."""
        self._page = ("", ())
        self._is_open = True
        self._counts["opens"] += 1

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Replace what is shown; nothing happens while closed."""
        if self._is_open:
            self._page = (plain(title), tuple(map(plain, lines)))
            self._counts["shown"] += 1

    def close(self) -> None:
        """Blank it; may be called twice."""
        self._page = ("", ())
        self._is_open = False

    def health(self) -> Health:
        """State and counters: shown."""
        detail = "shown" if self._is_open else "closed"
        return Health(self._is_open, detail, None, dict(self._counts))

    def obey(self, order: Order) -> Mapping[str, object]:
        """`state`: what is shown.

        Raises:
            ValueError: Unknown order.
        """
        verb(order, ("state",))
        title, lines = self._page
        return {"title": title, "lines": list(lines)}
