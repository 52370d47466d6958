"""The counter's payments: record one, follow the feed."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from kiosk.core.values import MAX_JSON_INTEGER
from kiosk.hub import bearer
from kiosk.hub.api.body import read_body
from kiosk.hub.context import hub_of
from kiosk.hub.desk import wait
from kiosk.hub.payments import MAX_BYTES, feed, read_order, record

MAX_WAIT_S: Final = 25  # under the 30 s after which proxies cut a silent connection

router = APIRouter(prefix="/v1/payments", tags=["payments"])


@router.post("", dependencies=[Depends(bearer.staff)])
async def post(request: Request) -> JSONResponse:
    """Record a payment; the same key and content again answer the same number.

    `visit` is how the visit stands by then, null when its log has not come yet.
    """
    hub = hub_of(request)
    asked = read_order(await read_body(request, MAX_BYTES))
    done = await hub.write(lambda tx, at: record(tx, asked, at))
    hub.paid.ring()
    answer = {"number": done.number, "visit": done.visit}
    return JSONResponse(answer, status_code=201 if done.new else 200)


@router.get("", dependencies=[Depends(bearer.staff_or_kiosk)])
async def follow(
    request: Request,
    kiosk: str,
    after: Annotated[int, Query(ge=0, le=MAX_JSON_INTEGER)] = 0,
    wait_s: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0,
) -> JSONResponse:
    """Return payments beyond `after`, waiting up to `wait_s` for the first; no worker is held."""
    hub = hub_of(request)
    ends = time.monotonic() + wait_s
    while True:
        rung = hub.paid.listen()
        page = await hub.read(lambda tx: feed(tx, kiosk, after))
        left_s = ends - time.monotonic()
        if page["payments"] or left_s <= 0 or hub.paid.silent:
            return JSONResponse(page)
        await wait(rung, left_s)
