"""The counter: staff record cash, cards and vouchers at the hub; the kiosk reads the feed."""

from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder, PaymentsPage


class CounterPayments:
    """The payment provider that is built into the hub.

    Args:
        hub: Its client; recording needs a staff token, reading a kiosk or staff token.
        kiosk: Whose payments are read.
    """

    def __init__(self, hub: HubClient, kiosk: str) -> None:
        self._hub = hub
        self._kiosk = kiosk

    def record(self, order: PaymentOrder) -> int:
        """Return the payment's number in the feed; a repeat returns the same number.

        Raises:
            RemoteError: Not recorded, or not known to be: send the same order again.
        """
        return self._hub.record_payment(order).number

    def since(self, after: int, wait_s: int = 0) -> PaymentsPage:
        """Return the payments after cursor `after`, waiting up to `wait_s` for the first.

        Raises:
            RemoteError: Not known; the cursor has not moved.
        """
        return self._hub.payments(self._kiosk, after, wait_s)
