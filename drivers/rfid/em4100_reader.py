"""An RDM6300 or ID-2/12/20LA reader on a serial port; it only pushes, nothing is asked.

A card in the field repeats about every 65 ms; there is no anticollision and no heartbeat, so a
silent reader cannot be told from an empty field. Options: `port`, `baud`.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from drivers.base import READ_TIMEOUT_S, DeviceLostError, Health, TagRead
from drivers.options import Options, text, whole
from drivers.rfid.em4100 import Em4100Decoder
from drivers.serial_port import Port, open_port

BAUD: Final = 9600
QUIET_S: Final = 0.1  # a frame takes 17 ms on the wire, a USB adapter adds 16


class Em4100Reader:
    """Reads cards; see `drivers.base.RfidReader`."""

    def __init__(
        self, name: str, options: Options, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._port_url = text(name, options, "port")
        self._baud = whole(name, options, "baud", 1200, 1_000_000, BAUD)
        self._clock = clock
        self._port: Port | None = None
        self._decoder = Em4100Decoder()
        self._last_seen: float | None = None
        self._last_data = 0.0
        self._counts = {"opens": 0, "reads": 0}

    def open(self) -> None:
        """Open the port.

        Raises:
            DeviceUnavailableError: Missing or in use; nothing stays open.
        """
        self.close()
        self._port = open_port(self._port_url, baud=self._baud, device=self.name)
        self._decoder.forget()
        self._counts["opens"] += 1

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Reads since the last call; a card in the field is repeated.

        Raises:
            DeviceLostError: The port is gone.
        """
        if self._port is None:
            raise DeviceLostError(self.name, "is not open")
        data = self._port.read(min(timeout_s, READ_TIMEOUT_S))
        now = self._clock()
        if data:
            self._last_data = now
        elif now - self._last_data > QUIET_S:
            self._decoder.forget()
        cards = self._decoder.feed(data)
        if cards:
            self._last_seen = now
            self._counts["reads"] += len(cards)
        return [TagRead(card.data, now, self.name, tech="lf") for card in cards]

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def health(self) -> Health:
        """State and counters: frames, checksum_errors, resyncs, reads."""
        is_open = self._port is not None
        detail = "open; this kind of reader is silent without a card" if is_open else "closed"
        return Health(is_open, detail, self._last_seen, {**self._decoder.counters, **self._counts})
