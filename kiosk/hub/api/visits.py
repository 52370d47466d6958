"""Visits as JSON, and whether the hub is well."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from kiosk.hub import bearer
from kiosk.hub.context import hub_of
from kiosk.hub.views import kiosk_view

router = APIRouter(tags=["visits"])


@router.get("/v1/visits", dependencies=[Depends(bearer.staff)])
async def visits(request: Request, kiosk: str) -> JSONResponse:
    """Return the visits of one kiosk in the order they began, late payments applied."""
    return JSONResponse(await hub_of(request).read(lambda tx: kiosk_view(tx, kiosk)))


@router.get("/healthz")
async def healthz(request: Request) -> JSONResponse:
    """Return ok when the database answers."""
    await hub_of(request).read(lambda tx: tx.documents.latest("policy"))
    return JSONResponse({"status": "ok"})
