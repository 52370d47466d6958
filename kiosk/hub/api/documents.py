"""Signed documents: publish one, fetch one."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from kiosk.core.values import Json
from kiosk.hub import bearer
from kiosk.hub.api.body import read_body
from kiosk.hub.context import Hub, hub_of
from kiosk.hub.documents import check_kind
from kiosk.hub.errors import RefusalError
from kiosk.hub.publishing import (
    MAX_BYTES,
    MAX_UNSIGNED,
    check,
    publish,
    unsigned_policy,
    verify,
)

router = APIRouter(prefix="/v1/documents", tags=["documents"])


@router.get("/{kind}")
async def fetch(request: Request, kind: str) -> Response:
    """Return the envelope in force; the key list names customers and is for kiosks and staff."""
    if check_kind(kind) == "keys":
        bearer.staff_or_kiosk(request)
    document = await hub_of(request).read(lambda tx: tx.documents.latest(kind))
    if document is None:
        raise RefusalError(404, "none-yet", f"{kind}: none was published here yet")
    etag = f'"{document.version}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    held = request.headers.get("if-none-match", "")
    if etag in {each.strip().removeprefix("W/") for each in held.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(document.envelope, media_type="application/json", headers=headers)


@router.put("/{kind}")
async def put(request: Request, kind: str) -> JSONResponse:
    """Publish a version; the owner's signature is who asks."""
    hub = hub_of(request)
    check_kind(kind)
    async with hub.publishing:  # who waits here is not read from
        envelope = await read_body(request, MAX_BYTES)
        payload = await run_in_threadpool(verify, kind, envelope, hub.owner)
    if kind == "policy":
        _check_shop(payload, hub)
    done = await hub.write(lambda tx, at: publish(tx, kind, envelope, payload, at))
    return JSONResponse({"version": done.version}, status_code=201 if done.new else 200)


@router.post("/policy/check")
async def check_policy(request: Request) -> JSONResponse:
    """Say whether a policy would be published now; it is not signed and nothing is kept."""
    hub = hub_of(request)
    payload = unsigned_policy(await read_body(request, MAX_UNSIGNED))
    _check_shop(payload, hub)
    await hub.read(lambda tx: check(tx, "policy", payload, hub.clock.now()))
    return JSONResponse({"version": payload["version"]})


def _check_shop(policy: Mapping[str, Json], hub: Hub) -> None:
    if policy["shop"] != hub.state.shop:
        detail = f"policy.shop: is {policy['shop']}, this hub serves {hub.state.shop}"
        raise RefusalError(422, "shop", detail)
