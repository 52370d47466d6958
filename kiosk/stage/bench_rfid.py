"""How fast reader bytes become tags, against the rate at which the line can bring them.

One stream as a busy gate hears it: twenty tags, empty rounds between them, now and then noise.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from drivers.rfid import em4100, m100

BAUD: Final = 115_200
BITS_PER_BYTE: Final = 10  # 8N1: a start bit, eight bits, a stop bit
LINE_BYTES_PER_S: Final = BAUD // BITS_PER_BYTE
BAR: Final = 40.0
TAGS: Final = 20
ROUNDS: Final = 400
BLOCK: Final = 512  # what a poll of 50 ms gathers at most
RUNS: Final = 5
SEED: Final = 2018


def run() -> dict[str, Any]:
    """Return rows and bars of DESIGN 11."""
    streams: Mapping[str, tuple[bytes, Callable[[], Any], float]] = {
        "m100": (uhf_stream(m100.BB), lambda: m100.M100Decoder(m100.BB), BAR),
        "r200": (uhf_stream(m100.AA), lambda: m100.M100Decoder(m100.AA), BAR),
        "rdm6300": (lf_stream(), em4100.Em4100Decoder, BAR),
    }
    rows: list[dict[str, Any]] = []
    bars: list[dict[str, Any]] = []
    for name, (stream, decoder, bar) in streams.items():
        rate = max(_rate(stream, decoder) for _ in range(RUNS))
        ratio = round(rate / LINE_BYTES_PER_S, 1)
        blocks = _decode(decoder, _cut(stream, BLOCK))
        singles = _decode(decoder, _cut(stream, 1))
        rows.append(
            {
                "what": name,
                "bytes": len(stream),
                "frames": len(blocks),
                "bytes_per_s": round(rate),
                "line_bytes_per_s": LINE_BYTES_PER_S,
                "ratio": ratio,
            }
        )
        bars += [
            {
                "what": f"{name}, times the line rate",
                "value": ratio,
                "bar": bar,
                "ok": ratio >= bar,
            },
            {
                "what": f"{name}, frames that differ byte by byte",
                "value": sum(a != b for a, b in zip(blocks, singles, strict=False))
                + abs(len(blocks) - len(singles)),
                "bar": 0,
                "ok": blocks == singles,
            },
        ]
    return {"bench": "rfid", "rows": rows, "bars": bars}


def uhf_stream(framing: m100.Framing) -> bytes:
    """Return the bytes of an inventory: rounds of notices, heartbeats, and some noise."""
    chance = _chance()
    tags = [chance.randbytes(12) for _ in range(TAGS)]
    heartbeat = m100.Command(m100.ERROR, bytes([m100.NO_TAG]))
    parts: list[bytes] = []
    for number in range(ROUNDS):
        for epc in tags:
            notice = m100.Command(m100.SINGLE, m100.tag_params(epc, -chance.randint(40, 70)))
            parts.append(m100.encode(framing, notice, m100.NOTICE))
        parts.append(m100.encode(framing, heartbeat, m100.RESPONSE))
        if number % 20 == 0:
            parts.append(chance.randbytes(9))
    return b"".join(parts)


def lf_stream() -> bytes:
    """Return the bytes of fobs held to a reader, and some noise."""
    chance = _chance()
    parts: list[bytes] = []
    for number in range(ROUNDS * TAGS):
        parts.append(em4100.encode(chance.randbytes(5), crlf=number % 2 == 0))
        if number % 100 == 0:
            parts.append(chance.randbytes(9))
    return b"".join(parts)


def _chance() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - the same stream at every run


def _rate(stream: bytes, decoder: Callable[[], Any]) -> float:
    blocks = list(_cut(stream, BLOCK))
    began = time.perf_counter()
    _decode(decoder, blocks)
    return len(stream) / (time.perf_counter() - began)


def _decode(decoder: Callable[[], Any], blocks: Iterable[bytes]) -> Sequence[Any]:
    reading = decoder()
    frames: list[Any] = []
    for block in blocks:
        frames += reading.feed(block)
    return frames


def _cut(stream: bytes, size: int) -> Iterable[bytes]:
    return (stream[at : at + size] for at in range(0, len(stream), size))
