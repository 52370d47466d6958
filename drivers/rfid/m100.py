"""The frames of the M100, YRM100 and R200 UHF modules: bytes to frames and back.

Two framings carry one command set: `BB .. 7E` and `AA .. DD`. The length field gives the end of a
frame: neither end byte is ever searched for, and after a bad frame one byte is dropped.
Source: Communication User Protocol V2.1 (M100) and R200 User Protocol V2.3.3.
"""

from binascii import crc_hqx
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 5  # header, type, command, length (2)
EXTRA_BYTES: Final = 7  # the head, the checksum and the end byte
MAX_PARAMS: Final = 255  # the longest real one is a read: 3 + 62 bytes of EPC + 64 of data
MAX_FRAME: Final = MAX_PARAMS + EXTRA_BYTES
COMMAND, RESPONSE, NOTICE = 0, 1, 2
MAX_EPC_BYTES: Final = 62  # 5 bits of PC count 16-bit words

INFO, SINGLE, MULTI, STOP = 0x03, 0x22, 0x27, 0x28
REGION, QUERY, GET_QUERY, POWER, IDLE_MINUTES = 0x07, 0x0E, 0x0D, 0xB6, 0x1D
ERROR: Final = 0xFF
NO_TAG: Final = 0x15  # also the heartbeat: every empty round of a multi inventory says it
REGIONS: Final = {"CN900": 1, "US": 2, "EU": 3, "CN800": 4, "KR": 6}


@dataclass(frozen=True, slots=True)
class Framing:
    """The first and the last byte of every frame."""

    name: str
    header: int
    end: int


BB: Final = Framing("BB..7E", 0xBB, 0x7E)
AA: Final = Framing("AA..DD", 0xAA, 0xDD)
FRAMINGS: Final = {"bb": BB, "aa": AA}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a notice whose CRC over PC and EPC was right."""

    epc: bytes
    rssi_dbm: int
    pc: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame with the right checksum; `tag` is set on a tag notice."""

    kind: int
    command: int
    params: bytes
    tag: Tag | None = None

    @property
    def error_code(self) -> int | None:
        """Code of an error answer, None for every other frame."""
        return self.params[0] if self.command == ERROR and self.params else None


@dataclass(frozen=True, slots=True)
class Command:
    """A command to the module."""

    code: int
    params: bytes = b""


class M100Decoder:
    """Bytes in any pieces in, frames out; never raises on bytes.

    Attributes:
        counters: frames, checksum_errors, crc_errors (a tag's own CRC), refused (no EPC, all
            zeros, a length other than PC says), resyncs, dropped_bytes.
    """

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.counters = dict.fromkeys(
            ("frames", "checksum_errors", "crc_errors", "refused", "resyncs", "dropped_bytes"), 0
        )
        self._kept = b""
        self._need = HEAD_BYTES
        self._synced = True

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their frame; less than `MAX_FRAME`."""
        return len(self._kept)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes."""
        data = self._kept + data if self._kept else data
        if len(data) < self._need:
            self._kept = data
            return []
        return self._scan(data)

    def give_up(self) -> list[Frame]:
        """Return the frames behind the unfinished one, whose rest is no longer expected."""
        if not self._kept:
            return []
        self._drop(1)
        return self._scan(self._kept[1:])

    def flush(self) -> list[Frame]:
        """Return the frames behind all unfinished ones; for a line that went quiet."""
        frames: list[Frame] = []
        while self._kept:
            frames += self.give_up()
        return frames

    def _scan(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        header, end_byte = self.framing.header, self.framing.end
        at, end, self._need = 0, len(data), HEAD_BYTES
        while end - at >= HEAD_BYTES:
            size = data[at + 3] << 8 | data[at + 4]
            if data[at] != header or data[at + 1] > NOTICE or size > MAX_PARAMS:
                at = self._skip(data, at)
                continue
            stop = at + size + EXTRA_BYTES
            if stop > end:
                self._need = stop - at
                break
            if data[stop - 1] != end_byte:
                at = self._skip(data, at)
                continue
            if sum(data[at + 1 : stop - 2]) & 0xFF != data[stop - 2]:
                self.counters["checksum_errors"] += 1
                at = self._skip(data, at)
                continue
            self._synced = True
            self.counters["frames"] += 1
            frame = self._frame(data[at + 1], data[at + 2], data[at + HEAD_BYTES : stop - 2])
            if frame is not None:
                frames.append(frame)
            at = stop
        if at < end and data[at] != header:
            at = self._skip(data, at)
        self._kept = data[at:]
        return frames

    def _skip(self, data: bytes, at: int) -> int:
        """Drop the byte at `at`; return where the next header may be."""
        found = data.find(self.framing.header, at + 1)
        following = len(data) if found < 0 else found
        self._drop(following - at)
        return following

    def _drop(self, count: int) -> None:
        self.counters["dropped_bytes"] += count
        self.counters["resyncs"] += self._synced
        self._synced = False

    def _frame(self, kind: int, command: int, params: bytes) -> Frame | None:
        if kind != NOTICE or command not in (SINGLE, MULTI):
            return Frame(kind, command, params)
        size = params[1] >> 3 << 1 if len(params) >= HEAD_BYTES else 0
        if not size or len(params) != size + HEAD_BYTES:
            self.counters["refused"] += 1
            return None
        if tag_crc(params[1:-2]) != params[-2] << 8 | params[-1]:
            self.counters["crc_errors"] += 1
            return None
        epc = params[3:-2]
        if not any(epc):
            self.counters["refused"] += 1
            return None
        rssi = int.from_bytes(params[:1], "big", signed=True)
        return Frame(kind, command, params, Tag(epc, rssi, params[1] << 8 | params[2]))


def tag_crc(data: bytes) -> int:
    """Return the Gen2 CRC over PC and EPC: CRC-16/GENIBUS, check value D64E."""
    return crc_hqx(data, 0xFFFF) ^ 0xFFFF


def encode(framing: Framing, command: Command, kind: int = COMMAND) -> bytes:
    """Return the bytes of one frame."""
    size = len(command.params)
    body = bytes((kind, command.code, size >> 8, size & 0xFF)) + command.params
    return bytes((framing.header, *body, sum(body) & 0xFF, framing.end))


def tag_params(epc: bytes, rssi_dbm: int) -> bytes:
    """Return the parameters of a tag notice, as a module sends them."""
    words = bytes((len(epc) // 2 << 3, 0)) + epc
    return bytes((rssi_dbm & 0xFF,)) + words + tag_crc(words).to_bytes(2, "big")


def get_info(part: int = 0) -> Command:
    """Ask who it is: 0 hardware, 1 software, 2 maker; the answer is ASCII."""
    return Command(INFO, bytes((part,)))


def single_inventory() -> Command:
    """Read once."""
    return Command(SINGLE)


def multi_inventory(rounds: int = 0xFFFF) -> Command:
    """Read for `rounds` rounds; tags and heartbeats follow, with no answer first."""
    return Command(MULTI, b"\x22" + rounds.to_bytes(2, "big"))


def stop_inventory() -> Command:
    """End a multi inventory; wanted before any other command."""
    return Command(STOP)


def set_region(region: str) -> Command:
    """Set the radio region, a key of `REGIONS`."""
    return Command(REGION, bytes((REGIONS[region],)))


def set_power(dbm: int) -> Command:
    """Set the transmit power; the wire has hundredths of a dBm."""
    return Command(POWER, (dbm * 100).to_bytes(2, "big"))


def set_query(q: int, session: int = 0) -> Command:
    """Set the Gen2 query: 2^q slots a round, target A, TRext on.

    Session 0 makes a tag answer every round, which a gate needs.
    """
    return Command(QUERY, (0x1000 | session << 8 | q << 3).to_bytes(2, "big"))


def never_sleep() -> Command:
    """Keep the module awake for ever."""
    return Command(IDLE_MINUTES, b"\x00")


def query_of(params: bytes) -> Mapping[str, int | str]:
    """Return session, target and q of a query word."""
    word = int.from_bytes(params, "big")
    return {"session": word >> 8 & 3, "target": "AB"[word >> 7 & 1], "q": word >> 3 & 15}
