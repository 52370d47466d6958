"""The devices: what each kiosk last said about them."""

from fastapi import APIRouter, Depends, Request, Response

from kiosk.hub.context import hub_of
from kiosk.hub.pages.guard import check_host, check_signed_in
from kiosk.hub.pages.render import Show, page, show_of
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.logs import LogRow
from kiosk.hub.store.visits import DeviceRow

router = APIRouter(
    dependencies=[Depends(check_host), Depends(check_signed_in)], include_in_schema=False
)


@router.get("/devices")
async def devices(request: Request) -> Response:
    """Show every kiosk and its devices."""
    hub = hub_of(request)
    now_ms = hub.clock.now().wall_ms

    def view(tx: Transaction) -> tuple[Show, list[DeviceRow], list[LogRow]]:
        """Return the devices and logs as they are now."""
        return show_of(tx, now_ms), list(tx.visits.devices()), list(tx.logs.all())

    writes, rows, logs = await hub.read(view)
    return page(request, "devices.html", show=writes, devices=rows, logs=logs)
