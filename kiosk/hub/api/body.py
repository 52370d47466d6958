"""A request's body, read no further than it may be long."""

import zlib
from typing import Final

from fastapi import Request

from kiosk.hub.errors import RefusalError

GZIP: Final = 16 + zlib.MAX_WBITS  # zlib manual, inflateInit2: 16 selects the gzip header


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body, unpacked when it is gzip.

    Raises:
        RefusalError: 413 longer than `max_bytes`, packed or not; 415 another encoding; 400 damaged.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > max_bytes:
            raise _too_large(max_bytes)
    match request.headers.get("content-encoding", "identity").lower():
        case "identity":
            return bytes(raw)
        case "gzip":
            return _unpack(bytes(raw), max_bytes)
        case _:
            raise RefusalError(415, "encoding", "content-encoding: send identity or gzip")


def _unpack(raw: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(GZIP)
    try:
        data = unpacker.decompress(raw, max_bytes + 1)
    except zlib.error as error:
        raise RefusalError(400, "encoding", "body: damaged gzip; send it again") from error
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacker.eof or unpacker.unused_data:
        raise RefusalError(400, "encoding", "body: gzip cut short or with a tail; send it again")
    return data


def _too_large(max_bytes: int) -> RefusalError:
    return RefusalError(
        413, "too-large", f"body: at most {max_bytes} bytes at once", {"max_bytes": max_bytes}
    )
