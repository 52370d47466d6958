"""The frames of RDM6300 and ID-2/12/20LA readers: 125 kHz EM4100 cards, pushed as ASCII hex.

`02 | 10 hex digits | 2 hex digits, XOR of the 5 bytes | [CR LF] | 03`, 14 or 16 bytes.
Source: Seeed wiki (RDM6300), ID Innovations ID-2LA/12LA/20LA datasheet.
"""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from string import hexdigits
from typing import Final

START, END = b"\x02", b"\x03"
DIGITS: Final = 12
MAX_FRAME: Final = 16
HEX: Final = frozenset(hexdigits.encode())


@dataclass(frozen=True, slots=True)
class Card:
    """One frame with the right checksum.

    Attributes:
        data: The 5 bytes: version (or customer code) and 4 bytes of id.
    """

    data: bytes

    @property
    def version(self) -> int:
        """First byte, the maker's."""
        return self.data[0]

    @property
    def number(self) -> int:
        """The id that is printed on most cards."""
        return int.from_bytes(self.data[1:], "big")


class Em4100Decoder:
    """Bytes in any pieces in, cards out; never raises on bytes.

    Attributes:
        counters: frames, checksum_errors, length_errors, refused (all zeros), resyncs,
            dropped_bytes.
    """

    def __init__(self) -> None:
        self.counters = dict.fromkeys(
            (
                "frames",
                "checksum_errors",
                "length_errors",
                "refused",
                "resyncs",
                "dropped_bytes",
            ),
            0,
        )
        self._kept = b""
        self._synced = True

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their frame; less than `MAX_FRAME`."""
        return len(self._kept)

    def feed(self, data: bytes) -> list[Card]:
        """Return the cards whose frames `data` completes."""
        data = self._kept + data
        cards: list[Card] = []
        at = 0
        while at < len(data):
            start = data.find(START, at)
            if start != at:
                at = self._drop(at, len(data) if start < 0 else start)
                continue
            end = data.find(END, at, at + MAX_FRAME)
            if end < 0:
                if len(data) - at < MAX_FRAME:
                    break
                self.counters["length_errors"] += 1
                at = self._drop(at, at + 1)
                continue
            card = self._card(data[at + 1 : end])
            if card is None:
                at = self._drop(at, at + 1)
                continue
            self._synced = True
            self.counters["frames"] += 1
            at = end + 1
            if any(card.data):
                cards.append(card)
            else:
                self.counters["refused"] += 1
        self._kept = data[at:]
        return cards

    def forget(self) -> None:
        """Drop an unfinished frame: after a pause its rest would be that of another card."""
        if self._kept:
            self._drop(0, len(self._kept))
            self._kept = b""

    def _card(self, body: bytes) -> Card | None:
        """Return the card, None when length, digits or checksum are wrong."""
        digits = body.removesuffix(b"\r\n")
        if len(digits) != DIGITS or not HEX.issuperset(digits):
            self.counters["length_errors"] += 1
            return None
        raw = bytes.fromhex(digits.decode("ascii"))
        if reduce(xor, raw):
            self.counters["checksum_errors"] += 1
            return None
        return Card(raw[:-1])

    def _drop(self, at: int, to: int) -> int:
        self.counters["dropped_bytes"] += to - at
        self.counters["resyncs"] += self._synced
        self._synced = False
        return to


def encode(data: bytes, *, crlf: bool = False) -> bytes:
    """Return the frame of a card's 5 bytes; `crlf` is the ID-xxLA form."""
    digits = data.hex().upper().encode() + f"{reduce(xor, data):02X}".encode()
    return START + digits + (b"\r\n" if crlf else b"") + END
