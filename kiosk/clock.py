"""Moments for every process: the machine's clocks plus one offset that a play may raise.

The offset lives in an 8-byte file that all processes of a play map, so that waiting a day in a
script moves every clock at once. Without the file the offset is zero for good.
"""

import ctypes
import mmap
import os
import struct
import time
import uuid
from pathlib import Path
from typing import Final, Literal

from kiosk.core.values import ClockSync, Moment

OFFSET_VARIABLE: Final = "KIOSK_CLOCK_OFFSET_FILE"
OFFSET_BYTES: Final = 8
TIMEX_BYTES: Final = 512  # struct timex is 208 bytes on 64-bit Linux; room to spare
MAXERROR_AT: Final = 24  # offset of `maxerror` (microseconds) in struct timex, 64-bit Linux
TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
SYNC_CACHE_MS: Final = 1000
RTC_ERROR_MS: Final = 2000  # a DS3231 class clock drifts < 2 s in ten days

Trust = Literal["auto", "always"]


class Clock:
    """The time as this process may know it; any thread may ask.

    Args:
        offset_file: Shared offset of a play, made by `create_offset`; None outside a play.
        trust: "auto" asks the kernel whether the clock is synchronised; "always" believes it,
            for machines whose clock is kept by other means.
    """

    def __init__(self, offset_file: Path | None = None, trust: Trust = "auto") -> None:
        self._map: mmap.mmap | None = None
        if offset_file is not None:
            with offset_file.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), OFFSET_BYTES)
        self._trust = trust
        self._sync: tuple[int, ClockSync, int] = (-SYNC_CACHE_MS, ClockSync.NONE, 0)

    @classmethod
    def from_environment(cls) -> "Clock":
        """Return the clock of a child process; the variable is set by a play only."""
        name = os.environ.get(OFFSET_VARIABLE)
        return cls(Path(name) if name else None, "always" if name else "auto")

    def now(self) -> Moment:
        """Return the present moment, offset included."""
        offset_ms = self.offset_ms()
        mono_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        sync, err_ms = self._synchronised(mono_ms)
        return Moment(mono_ms + offset_ms, time.time_ns() // 1_000_000 + offset_ms, sync, err_ms)

    def wall_s(self) -> int:
        """Return whole seconds since 1970 UTC, offset included."""
        return self.now().wall_s

    def offset_ms(self) -> int:
        """Return the offset of the play, 0 outside one."""
        if self._map is None:
            return 0
        return int(struct.unpack("<q", self._map[:OFFSET_BYTES])[0])

    @property
    def can_move(self) -> bool:
        """Whether a play may move this clock forward."""
        return self._map is not None

    def raise_offset(self, by_ms: int) -> None:
        """Move every clock of the play forward; only the player of a script calls it."""
        if self._map is None or by_ms < 0:
            raise ValueError("only a play's clock moves, and only forward")
        self._map[:OFFSET_BYTES] = struct.pack("<q", self.offset_ms() + by_ms)

    def close(self) -> None:
        """Let go of the shared offset."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def _synchronised(self, mono_ms: int) -> tuple[ClockSync, int]:
        if self._trust == "always":
            return ClockSync.TRUSTED, 0
        asked_ms, sync, err_ms = self._sync
        if mono_ms - asked_ms >= SYNC_CACHE_MS:
            sync, err_ms = kernel_sync()
            self._sync = (mono_ms, sync, err_ms)
        return sync, err_ms


def create_offset(path: Path) -> None:
    """Write a zero offset for a play's processes to share."""
    path.write_bytes(bytes(OFFSET_BYTES))


def kernel_sync(rtc: Path = Path("/dev/rtc0")) -> tuple[ClockSync, int]:
    """Return how the kernel knows the time, and the bound of its error in milliseconds."""
    buffer = ctypes.create_string_buffer(TIMEX_BYTES)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    if 0 <= state < TIME_ERROR:
        (maxerror_us,) = struct.unpack_from("<q", buffer.raw, MAXERROR_AT)
        return ClockSync.NTP, maxerror_us // 1000
    return (ClockSync.RTC, RTC_ERROR_MS) if rtc.exists() else (ClockSync.NONE, 0)


def boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """Return this boot's id, under which monotonic times can be compared.

    Where the kernel's is hidden it is one of this process: then no times of two runs are compared.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())
