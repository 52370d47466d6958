"""No payment provider: payments are unknown, so no exit is ever called unpaid."""

from kiosk.remote.errors import RemoteError
from kiosk.remote.orders import PaymentOrder, PaymentsPage


class NoPayments:
    """Stands in where no hub is configured."""

    def record(self, order: PaymentOrder) -> int:
        """Refuse: there is nowhere to record a payment.

        Raises:
            RemoteError: Always.
        """
        raise RemoteError("payments", f"nowhere to record {order.method}; set hub.url")

    def since(self, after: int, wait_s: int = 0) -> PaymentsPage:
        """Say that payments are not known.

        Raises:
            RemoteError: Always.
        """
        raise RemoteError("payments", f"no feed after {after} ({wait_s} s); set hub.url")
