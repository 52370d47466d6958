"""The thread that asks lock and contacts how they are: what has no pump cannot say so itself."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from drivers.base import Health
from kiosk.core.inputs import DeviceFound, DeviceLost
from kiosk.daemon.messages import Happened
from kiosk.daemon.part import PartThread
from kiosk.daemon.rhythm import Rhythm

log = logging.getLogger(__name__)

PART: Final = "watch"
EVERY_S: Final = 1.0  # a contact looks at its own pin once a second
TELL_S: Final = 1.0


class Watched(Protocol):
    """What can be asked how it is."""

    name: str

    def health(self) -> Health:
        """How it is doing."""


class Watch:
    """Tells the owner once when a device goes and once when it is back.

    Args:
        devices: Each under its own name, which is also its role: "door", "exit", "lock", ...
    """

    def __init__(
        self, devices: Sequence[Watched], rhythm: Rhythm, every_s: float = EVERY_S
    ) -> None:
        self._devices = devices
        self._rhythm = rhythm
        self._every_s = every_s
        self._well: Mapping[str, bool] = {}
        self._thread = PartThread(PART, self._run, rhythm.beats)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._thread.stop()

    def _run(self) -> None:
        while not self._thread.stopping:
            self._thread.beat()
            self._well = {each.name: self._look(each) for each in self._devices}
            self._thread.rest(self._every_s)

    def _look(self, device: Watched) -> bool:
        """Return whether a device is well, and tell when that is new."""
        name, health, was_well = device.name, device.health(), self._well.get(device.name, True)
        now = self._rhythm.clock.now()
        if was_well and not health.ok:
            log.warning("device lost device=%s why=%s", name, health.detail)
            self._tell(DeviceLost(now, name, name, health.detail))
        elif health.ok and not was_well:
            log.info("device is back device=%s", name)
            self._tell(DeviceFound(now, name, name))
        return health.ok

    def _tell(self, news: DeviceLost | DeviceFound) -> None:
        self._rhythm.inbox.put_surely(Happened(news), TELL_S)
