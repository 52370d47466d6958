"""A simulated RFID reader: the real driver, at the other end of a pseudo terminal a module.

Options: `protocol` ("m100", "r200", "rdm6300", "id12la"), `port` ("sim:" or "sim:PATH" for the
terminal's name), and those of the real driver. Orders: those of `drivers.sim.field`, `unplug`,
`replug`, `reboot`.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Final

from drivers.base import DriverError, Health, RfidReader, TagRead
from drivers.options import Options, choice
from drivers.rfid import m100
from drivers.rfid.em4100_reader import Em4100Reader
from drivers.rfid.m100_reader import M100Reader
from drivers.sim.field import VERBS, Field
from drivers.sim.orders import Order, verb
from drivers.sim.pty_peer import PtyPeer
from drivers.sim.rfid_mind import Em4100Mind, M100Mind, Mind

PROTOCOLS: Final = ("m100", "r200", "rdm6300", "id12la")
UHF_SIZES: Final = range(2, m100.MAX_EPC_BYTES + 1, 2)
LF_SIZES: Final = range(5, 6)


class SimReader:
    """Reads simulated tags; see `drivers.base.RfidReader` and `SimDevice`.

    Attributes:
        path: Name of the terminal while it is plugged in.
        mind: The simulated module, for tests that look inside.
    """

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        protocol = choice(name, options, "protocol", PROTOCOLS) or "m100"
        self.path = _path(name, str(options.get("port") or ""))
        self._field = Field(LF_SIZES if protocol in ("rdm6300", "id12la") else UHF_SIZES)
        self.mind: Mind = _mind(protocol, self._field)
        self._peer = PtyPeer(name, self.path, self.mind, self._field)
        self._reader: RfidReader = _reader(protocol, name, {**options, "port": str(self.path)})
        self._plugged = True

    def open(self) -> None:
        """Plug in, unless the script unplugged it, and open the real driver.

        Raises:
            DeviceUnavailableError: Unplugged or silent.
        """
        if self._plugged:
            self._peer.start()
        try:
            self._reader.open()
        except DriverError:
            self._peer.stop()
            raise

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Return the reads since the last call.

        Raises:
            DeviceLostError: Unplugged or silent.
        """
        return self._reader.poll(timeout_s)

    def close(self) -> None:
        """Close the driver and the terminal; the field keeps its tags."""
        self._reader.close()
        self._peer.stop()

    def health(self) -> Health:
        """State and counters of the real driver."""
        return self._reader.health()

    def obey(self, order: Order) -> Mapping[str, object]:
        """Carry out one order; see the module.

        Raises:
            ValueError: Unknown order or argument; nothing was changed.
        """
        do = verb(order, (*VERBS, "unplug", "replug", "reboot"))
        if do == "unplug":
            self._plugged = False
            self._peer.stop()
        elif do == "replug":
            self._plugged = True
        elif do == "reboot" and isinstance(self.mind, M100Mind):
            self.mind.reboot()
        elif do != "reboot":
            return self._field.obey(order)
        return {"plugged": self._plugged}


def _path(name: str, port: str) -> Path:
    """Return the terminal's name: as configured, or one that is nobody else's."""
    given = port.removeprefix("sim:")
    if given:
        return Path(given)
    return Path(tempfile.gettempdir()) / f"kiosk-{os.getpid()}-{name}-{token_hex(4)}"


def _mind(protocol: str, field: Field) -> Mind:
    if protocol in ("m100", "r200"):
        return M100Mind(field, m100.BB if protocol == "m100" else m100.AA)
    return Em4100Mind(field, crlf=protocol == "id12la")


def _reader(protocol: str, name: str, options: Options) -> RfidReader:
    if protocol in ("m100", "r200"):
        return M100Reader(name, options)
    return Em4100Reader(name, options)
