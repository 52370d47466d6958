"""Logs: enrol one, send to it, read its checkpoint."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from kiosk.core.values import MAX_JSON_INTEGER, Json, Moment
from kiosk.hub import bearer
from kiosk.hub.api.body import read_body
from kiosk.hub.context import Hub, hub_of
from kiosk.hub.entries import MAX_REQUEST_BYTES, Batch, read_batch
from kiosk.hub.errors import RefusalError
from kiosk.hub.ingest import Accepted, find_log, receive
from kiosk.hub.outbox import queue
from kiosk.hub.projection import project
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.logs import LogRow
from kiosk.ledger.checkpoint import parse, parse_vkey, root_text
from kiosk.ledger.errors import CheckpointError

LOG: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}(?:~[A-Za-z0-9._:-]{1,64}){1,3}")
MAX_ENROL_BYTES: Final = 4096
OFFICE: Final = "office"
UNPROCESSABLE: Final = 422

router = APIRouter(prefix="/v1/logs", tags=["logs"])


@router.post("/{log}/entries")
async def send(
    request: Request,
    log: str,
    start: Annotated[int, Query(alias="from", ge=0, le=MAX_JSON_INTEGER)],
) -> JSONResponse:
    """Take entries into the hub's copy; the checkpoint's signature is who asks."""
    hub = hub_of(request)
    row = await hub.read(lambda tx: find_log(tx, log))
    raw = await read_body(request, MAX_REQUEST_BYTES)
    try:
        batch = await run_in_threadpool(read_batch, raw, start, parse_vkey(row.vkey))
        accepted = await hub.desk.run(partial(_receive, hub, row.log, batch))
    except RefusalError as error:
        if error.status == UNPROCESSABLE and error.kind != "checkpoint":  # signed by the log
            await hub.desk.run(partial(_note, hub, row.log, error.detail))
        raise
    return JSONResponse({"size": accepted.size, "next_after_s": hub.options.next_after_s})


@router.get("/{log}/checkpoint")
async def checkpoint(request: Request, log: str) -> PlainTextResponse:
    """Return the last checkpoint that the hub accepted."""
    row = await hub_of(request).read(lambda tx: tx.logs.find(log))
    if row is None or not row.note:
        raise RefusalError(404, "no-checkpoint", f"log {log[:80]!r} has no checkpoint here")
    return PlainTextResponse(row.note)


@router.get("", dependencies=[Depends(bearer.staff)])
async def listing(request: Request) -> JSONResponse:
    """Return every enrolled log and how far the hub has it."""
    rows = await hub_of(request).read(lambda tx: tx.logs.all())
    return JSONResponse(_listing(rows))


@router.put("/{log}", dependencies=[Depends(bearer.staff)])
async def enrol(request: Request, log: str) -> Response:
    """Enrol a log's key: from then on its checkpoints are believed."""
    hub = hub_of(request)
    raw = await read_body(request, MAX_ENROL_BYTES)
    try:
        vkey = msgspec.json.decode(raw, type=dict[str, str]).get("vkey", "")
    except msgspec.MsgspecError as error:
        raise RefusalError(422, "invalid", f"body: {error}") from error
    row = new_log(log, vkey)
    new = await hub.write(partial(enrol_log, row=row))
    return JSONResponse({"log": row.log}, status_code=201 if new else 200)


def new_log(log: str, vkey: str) -> LogRow:
    """Return the row of a log to enrol; RefusalError 422 when name and key do not fit."""
    if LOG.fullmatch(log) is None:
        raise RefusalError(422, "invalid", "log: want shop~kiosk")
    try:
        key = parse_vkey(vkey)
    except CheckpointError as error:
        raise RefusalError(422, "invalid", f"vkey: {error}") from error
    origin = log.replace("~", "/")
    kiosk = origin.partition("/")[2]
    if key.name != origin or kiosk == OFFICE:
        raise RefusalError(422, "invalid", f"vkey: is of {key.name[:80]!r}, not of {origin!r}")
    return LogRow(log, origin, kiosk, key.encode())


def enrol_log(tx: Transaction, at: Moment, row: LogRow) -> bool:
    """Add the log and return whether it is new; RefusalError 409 when another key has its name."""
    known = tx.logs.find(row.log) or tx.logs.of_kiosk(row.kiosk)
    if known is not None:
        if (known.log, known.vkey) == (row.log, row.vkey):
            return False
        detail = f"log: {known.log} has this name with another key; a log's key never changes"
        raise RefusalError(409, "enrolled", detail)
    tx.logs.enrol(row)
    queue(tx, f"log.enrolled/{row.log}", {"origin": row.origin, "vkey": row.vkey}, at)
    return True


def _receive(hub: Hub, log: str, batch: Batch) -> Accepted:
    at = hub.clock.now()
    accepted = receive(hub.store, log, batch, at, project)
    hub.office.write(hub.store, at)
    return accepted


def _note(hub: Hub, log: str, trouble: str) -> None:
    with hub.store.write() as tx:
        tx.logs.note_trouble(log, trouble)


def _listing(rows: Sequence[LogRow]) -> list[dict[str, Json]]:
    return [
        {
            "log": row.log,
            "origin": row.origin,
            "size": row.size,
            "root": root_text(parse(row.note).root) if row.note else None,
            "seen_at": None if row.seen_ms is None else row.seen_ms // 1000,
            "trouble": row.trouble,
        }
        for row in rows
    ]
