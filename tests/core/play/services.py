"""The services behind the gate: a provider that answers, and a counter where people pay."""

from typing import Final

from kiosk.core.commands import AskPayments, AskProvider
from kiosk.core.inputs import PaymentsFailed, PaymentsSeen, ProviderAnswered
from kiosk.core.values import Answer, Epc, Payment, RequestId, Verdict
from kiosk.core.visit_state import Unlocked
from tests.core.gate_cases import SNACK_MINOR, TEA_MINOR, THRESHOLD
from tests.core.play.shop import Shop

VERDICTS: Final = (Verdict.YES, Verdict.YES, Verdict.YES, Verdict.NO, Verdict.UNKNOWN, None)
PRICES: Final = (SNACK_MINOR, TEA_MINOR, SNACK_MINOR + TEA_MINOR, 100)


class Services:
    """Provider and counter; `move` lets one of them do one thing."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def asked(self) -> bool:
        """Whether a question waits for its answer."""
        return bool(self.shop.questions or self.shop.cursors)

    def move(self) -> None:
        """Answer a question, take a payment, or tell of payments."""
        shop = self.shop
        if shop.questions and shop.by_chance(0.8):
            self._answer(shop.questions.pop(shop.chance.randrange(len(shop.questions))))
        elif shop.cursors and shop.by_chance(0.8):
            self._tell_payments(shop.cursors.pop())
        elif shop.by_chance(0.6):
            self._pay()
        else:
            seen = self._seen(shop.polled)
            shop.polled = len(shop.feed)
            shop.tell(seen)

    def _answer(self, question: AskProvider) -> None:
        shop = self.shop
        if question.provider == "vouch":
            vouched = [body.name for body in shop.people if body.vouched]
            verdict = Verdict.YES if question.customer in vouched else Verdict.NO
            said = Answer(question.request_id, {"entry": verdict}, provider="vouch")
        else:
            chosen = shop.chance.choice(VERDICTS)
            answers = {} if chosen is None else {THRESHOLD: chosen}
            said = Answer(question.request_id, answers, fault="" if chosen else "timeout")
        shop.tell(ProviderAnswered(shop.now, said))
        if shop.by_chance(0.1):
            shop.questions.append(question)  # the answer comes twice, or late

    def _tell_payments(self, question: AskPayments) -> None:
        shop = self.shop
        if shop.by_chance(0.15):
            shop.tell(PaymentsFailed(shop.now, question.request_id))
        elif shop.by_chance(0.9):
            shop.told.add(question.request_id)
            shop.tell(self._seen(question.after, question.request_id))

    def _seen(self, after: int, request: RequestId = RequestId("")) -> PaymentsSeen:
        feed = self.shop.feed
        return PaymentsSeen(self.shop.now, tuple(feed[after:]), len(feed), request)

    def _pay(self) -> None:
        shop = self.shop
        state = shop.loop.gate.entry
        coming = [state.visit] if isinstance(state, Unlocked) and state.visit else []
        visits = [*shop.loop.gate.inside, *coming]
        if not visits:
            return
        visit = shop.chance.choice(visits)
        body = shop.holder.get(visit.id)
        carried = body.carried if body else []
        epcs: tuple[Epc, ...] = ()
        minor = shop.chance.choice(PRICES)
        if shop.by_chance(0.6):
            minor, epcs = 0, tuple(epc for epc in carried if shop.by_chance(0.7))
        currency = shop.chance.choice(("EUR", "EUR", "EUR", "USD"))
        number = len(shop.feed) + 1
        if epcs or minor:
            shop.feed.append(Payment(number, visit.id, epcs, minor, currency, f"key-{number}"))
