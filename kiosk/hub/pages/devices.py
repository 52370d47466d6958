"""The devices: what each kiosk last said about them."""

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from kiosk.hub.context import hub_of
from kiosk.hub.pages.guard import check_host, check_signed_in
from kiosk.hub.pages.render import page, show_of
from kiosk.hub.store.base import Transaction

WEEK_MS: Final = 7 * 86_400_000

router = APIRouter(
    dependencies=[Depends(check_host), Depends(check_signed_in)], include_in_schema=False
)


@router.get("/devices")
async def devices(request: Request) -> Response:
    """Show every kiosk and its devices."""
    hub = hub_of(request)
    now_ms = hub.clock.now().wall_ms

    def view(tx: Transaction) -> dict[str, object]:
        """Return the devices, logs and readings as they are now."""
        return {
            "show": show_of(tx, now_ms),
            "devices": tx.visits.devices(),
            "logs": tx.logs.all(),
            "readings": tx.visits.readings(now_ms - WEEK_MS),
        }

    return page(request, "devices.html", 200, **await hub.read(view))
