"""What the office did, said once: queued in the transaction that makes it true."""

from collections.abc import Mapping

from kiosk.core import canonical
from kiosk.core.values import Json, Moment
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.office import OfficeRow


def queue(
    tx: Transaction,
    key: str,
    facts: Mapping[str, Json],
    at: Moment,
    visit: str | None = None,
) -> None:
    """Queue an event for the office log.

    Args:
        key: What happened, beginning with the event's type; said a second time it is not queued.
        facts: The clear part of the event; no customer is part of it.
    """
    data = canonical.encode({"key": key, **facts})
    tx.office.add(OfficeRow(0, key, key.partition("/")[0], visit, data, at.wall_ms))
