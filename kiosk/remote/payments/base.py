"""What every payment provider takes and answers."""

from typing import Protocol

from kiosk.remote.orders import PaymentOrder, PaymentsPage


class PaymentProvider(Protocol):
    """Where payments are recorded; the query is the truth, a callback only a hint."""

    def record(self, order: PaymentOrder) -> int:
        """Return the payment's number in the feed; a repeat returns the same number.

        Raises:
            RemoteError: Not recorded, or not known to be: send the same order again.
        """

    def since(self, after: int, wait_s: int = 0) -> PaymentsPage:
        """Return the payments after cursor `after`, waiting up to `wait_s` for the first.

        Raises:
            RemoteError: Not known; the cursor has not moved.
        """
