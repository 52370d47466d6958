"""Questions to the services, asked on workers; the answers come back as messages.

A peer that is slow or away costs the customer at most the deadline, and the owner thread nothing.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from kiosk.core.commands import AskPayments, AskProvider
from kiosk.core.inputs import PaymentsFailed, PaymentsSeen, ProviderAnswered
from kiosk.core.values import Answer, Json, Payment, Verdict
from kiosk.daemon.messages import Happened
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.workers import Workers
from kiosk.remote.errors import RemoteError, TimedOutError
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder, PaymentsPage
from kiosk.remote.payments.base import PaymentProvider
from kiosk.remote.providers.base import CheckRequest, Provider

CHECK_S: Final = 1.2  # DESIGN 5: total, below the 1.5 s that Checking waits
Counter = Callable[[str], HubClient]
Reply = Callable[[Mapping[str, Json]], None]

ANSWER_S: Final = 5.0  # room for an answer in a full inbox before it is given up


class Peers:
    """The provider, staff's allow-list and the payment feed, as the owner may ask them.

    Args:
        providers: By the name in the question: "score" and "vouch".
        counter: Gives a client of the counter for a staff's token.
    """

    def __init__(
        self,
        *,
        kiosk: str,
        providers: Mapping[str, Provider],
        payments: PaymentProvider,
        counter: Counter,
        rhythm: Rhythm,
    ) -> None:
        self._kiosk = kiosk
        self._providers = providers
        self._payments = payments
        self._counter = counter
        self._inbox = rhythm.inbox
        self._clock = rhythm.clock
        self._asking = {name: Workers(name) for name in (*providers, "payments")}
        self._stopped = threading.Event()

    def ask_provider(self, question: AskProvider) -> None:
        """Ask; the answer, unknown at worst, comes back as a message."""
        provider = self._providers[question.provider]
        request = CheckRequest(
            question.request_id,
            self._kiosk,
            question.customer,
            question.purpose,
            question.thresholds,
            question.nonce,
        )

        def job() -> None:
            """Ask the provider; it always answers."""
            answer = provider.check(request, self._clock.wall_s(), CHECK_S)
            self._say(Happened(ProviderAnswered(self._clock.now(), answer)))

        if not self._asking[question.provider].submit(job):
            unknown = dict.fromkeys(question.thresholds, Verdict.UNKNOWN)
            busy = Answer(question.request_id, unknown, provider=provider.kind, fault="busy")
            self._inbox.put_fact(Happened(ProviderAnswered(self._clock.now(), busy)))

    def ask_payments(self, question: AskPayments) -> None:
        """Ask for payments after the cursor; failure comes back as a message too."""
        payments = self._payments

        def job() -> None:
            """Ask for the payments, once."""
            try:
                page = _all_since(payments, question.after)
            except RemoteError:
                self._say(Happened(PaymentsFailed(self._clock.now(), question.request_id)))
                return
            seen = PaymentsSeen(self._clock.now(), page.payments, page.next, question.request_id)
            self._say(Happened(seen))

        if not self._asking["payments"].submit(job):
            self._inbox.put_fact(Happened(PaymentsFailed(self._clock.now(), question.request_id)))

    def record_payment(self, order: PaymentOrder, token: str, reply: Reply) -> None:
        """Have the counter record a payment; `reply` is called with its number, or why not."""

        def job() -> None:
            """Record the payment with the staff's token."""
            client = self._counter(token)
            try:
                done = asdict(client.record_payment(order))
                reply({"ok": True, "currency": order.currency, **done})
            except RemoteError as error:
                reply({"ok": False, "error": str(error), "exit_code": error.exit_code})
            finally:
                client.close()

        if not self._asking["payments"].submit(job):
            reply({"ok": False, "error": "busy; try again"})

    @property
    def busy(self) -> int:
        """How many questions are open."""
        return sum(workers.busy for workers in self._asking.values())

    def stop(self) -> None:
        """Wait for open questions, which end by their own deadlines."""
        self._stopped.set()
        for workers in self._asking.values():
            workers.stop()
        for provider in self._providers.values():
            provider.close()

    def _say(self, message: Happened) -> None:
        if not self._inbox.put_fact(message) and not self._stopped.is_set():
            self._inbox.put_surely(message, ANSWER_S)


def _all_since(payments: PaymentProvider, after: int, within_s: float = ANSWER_S) -> PaymentsPage:
    """Return every payment after the cursor, however many pages they are.

    One page of several would say of a payment further on that it does not exist: soon after a
    start, when the feed is read again from its beginning, a customer who paid would be unpaid.

    Raises:
        RemoteError: Not all of them could be had in time.
    """
    ends, found, page = time.monotonic() + within_s, list[Payment](), payments.since(after)
    while page.next > after:
        found.extend(page.payments)
        after = page.next
        if time.monotonic() > ends:
            raise TimedOutError("payments", "more pages than there was time for")
        page = payments.since(after)
    return PaymentsPage(tuple(found), after)
