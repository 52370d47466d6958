"""A reader of the M100 and R200 family on a serial port, in continuous inventory.

One thread opens, polls and closes it. Options: `port`, `region`, `power_dbm`, `q` (slots 2^q),
`rssi_floor_dbm` (weaker reads are dropped and counted), `framing` ("bb", "aa"; both are tried
when unset), `baud`, `silence_s`.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from drivers.base import (
    READ_TIMEOUT_S,
    DeviceConfigError,
    DeviceLostError,
    DeviceUnavailableError,
    DriverError,
    Health,
    TagRead,
)
from drivers.options import Options, choice, number, text, whole
from drivers.rfid import m100
from drivers.rfid.m100_session import M100Session, Setup
from drivers.serial_port import Port, open_port

BAUD: Final = 115_200
OPEN_S: Final = 0.9  # both framings once, each a stop and a question; stopping takes < 1 s
SILENCE_S: Final = 2.0  # five re-arms without an answer
GATHER_S: Final = 0.02  # one wake-up per 20 ms holds 10 notices at the full line rate
MAX_POWER_DBM: Final = 30
NO_FLOOR_DBM: Final = -128  # the weakest that the wire can say
Q: Final = 4  # the module's own default: 16 slots
COMMANDS: Final = {m100.INFO: "who are you", m100.REGION: "region", m100.POWER: "power_dbm"}


class M100Reader:
    """Reads tags and survives a module that reboots; see `drivers.base.RfidReader`."""

    def __init__(
        self, name: str, options: Options, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._port_url = text(name, options, "port")
        self._baud = whole(name, options, "baud", 9600, 1_000_000, BAUD)
        self._silence_s = number(name, options, "silence_s", SILENCE_S, 60)
        self._floor_dbm = whole(name, options, "rssi_floor_dbm", NO_FLOOR_DBM, 0, NO_FLOOR_DBM)
        self._setup = _setup(name, options)
        framing = choice(name, options, "framing", tuple(m100.FRAMINGS))
        self._framings = (m100.FRAMINGS[framing],) if framing else (m100.BB, m100.AA)
        self._clock = clock
        self._port: Port | None = None
        self._session = M100Session(self._setup, self._framings)
        self._past: dict[str, int] = {"opens": 0, "below_floor": 0}

    def open(self) -> None:
        """Open the port, find the framing, apply the settings, start reading.

        Raises:
            DeviceUnavailableError: Missing, in use, or no module answers; nothing stays open.
            DeviceConfigError: The module refuses the region or the power.
        """
        self.close()
        port = open_port(self._port_url, baud=self._baud, device=self.name)
        session = M100Session(self._setup, self._framings)
        try:
            self._greet(port, session)
        except DriverError:
            port.close()
            raise
        self._remember()
        self._past["opens"] += 1
        self._session = session
        self._port = port

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Reads since the last call; waits at most `timeout_s`, never above 0.2 s.

        Raises:
            DeviceLostError: The port is gone, or the module silent beyond `silence_s`.
        """
        port, session = self._port, self._session
        if port is None:
            raise DeviceLostError(self.name, "is not open")
        data = port.read(min(timeout_s, READ_TIMEOUT_S))
        if data:
            time.sleep(GATHER_S)
            data += port.read(0)
        now = self._clock()
        tags = session.receive(data, now) if data else session.quiet(now)
        if session.rejected is not None:
            raise DeviceLostError(self.name, "the module refuses its settings after a restart")
        heard = session.last_heard
        if heard is None or now - heard > self._silence_s:
            raise DeviceLostError(self.name, f"silent for more than {self._silence_s:g} s")
        command = session.due(now)
        if command:
            port.write(command)
        near = [tag for tag in tags if tag.rssi_dbm >= self._floor_dbm]
        self._past["below_floor"] += len(tags) - len(near)
        return [TagRead(tag.epc, now, self.name, tag.rssi_dbm) for tag in near]

    def close(self) -> None:
        """Stop the inventory and close; may be called twice and raises nothing."""
        port, self._port = self._port, None
        if port is None:
            return
        try:
            port.write(m100.encode(self._session.framing, m100.stop_inventory()))
        except DeviceLostError:
            pass
        finally:
            port.close()

    def health(self) -> Health:
        """State and counters: frames, checksum_errors, crc_errors, resyncs, reads and more."""
        session = self._session
        counters = dict(self._past)
        for name, count in {**session.decoder_counters, **session.counters}.items():
            counters[name] = counters.get(name, 0) + count
        if self._port is None:
            return Health(False, "closed", session.last_heard, counters)
        heard = session.last_heard
        ok = heard is not None and self._clock() - heard <= self._silence_s
        name = f'calls itself "{session.info}"' if session.info else "gave no name"
        detail = f"reading, {session.framing.name} framing, its module {name}"
        return Health(ok, detail if ok else "silent", heard, counters)

    def _greet(self, port: Port, session: M100Session) -> None:
        """Run the set-up to its end."""
        limit = self._clock() + OPEN_S
        while not session.reading:
            now = self._clock()
            if now > limit:
                raise DeviceUnavailableError(
                    self.name,
                    f"{self._port_url}: no M100 or R200 module answers (check power, TX and RX)",
                )
            port.write(session.due(now))
            session.receive(port.read(GATHER_S), self._clock())
            if session.rejected is not None:
                code, command = session.rejected
                what = COMMANDS.get(command, f"command {command:02X}")
                raise DeviceConfigError(
                    self.name, f"the module refuses {what} (code {code:02X}; see its manual)"
                )

    def _remember(self) -> None:
        """Keep the counters of the session that ends: they only ever grow."""
        session = self._session
        for name, count in {**session.decoder_counters, **session.counters}.items():
            self._past[name] = self._past.get(name, 0) + count


def _setup(name: str, options: Options) -> Setup:
    """Return what to apply to the module."""
    power = options.get("power_dbm")
    return Setup(
        choice(name, options, "region", tuple(m100.REGIONS)),
        None if power is None else whole(name, options, "power_dbm", 0, MAX_POWER_DBM),
        whole(name, options, "q", 0, 15, Q),
    )
