"""The books of a witness: every event that was written is held against what really happened."""

from collections.abc import Mapping
from typing import Final

from kiosk.core.commands import Record
from kiosk.core.events import OPENING, EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.values import Json, Payment, VisitId
from kiosk.core.visit_state import Quiet
from tests.core.loop import Stepped, lines_of, promise
from tests.core.play.shop import DOOR, READER, Shop

REFUSALS: Final = frozenset({Reason.FORGED, Reason.REPLAYED, Reason.RATE_LIMITED})


class Books:
    """Judges written events; raises `BrokenPromiseError` with the name of the promise."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.charged: dict[str, VisitId] = {}
        self.paid_for: set[str] = set()

    def written(self, step: Stepped, event: EventRecord, record: Record) -> None:
        """Judge an event that is durable now."""
        self._p7_clear_part_names_nobody(event)
        if event.type == "decision.made" and event.data["decision"] == "refused":
            promise("P4", holds=Reason(str(event.data["reason"])) in REFUSALS, what=event)
        if record.spend and record.spend.kid == "bb" * 8:
            granted = any(each.type == OPENING for each in record.events)
            promise("P4", holds=granted, what="a voucher was spent and let nobody in")
        if event.type == OPENING and event.visit:
            self._opened_for_whoever_is_there(event.visit, event)
        if event.visit and event.type.startswith("exit.") and step.kept:
            self._outcome(step, event.visit, event)

    def _p7_clear_part_names_nobody(self, event: EventRecord) -> None:
        text = repr(event.data)
        for body in self.shop.customers:
            promise("P7", holds=body.name not in text, what=event)
        promise("P6", holds="points" not in text and "score'" not in repr(event.personal))

    def _opened_for_whoever_is_there(self, visit: VisitId, event: EventRecord) -> None:
        body = self.shop.at_kiosk
        name = event.customer
        theirs = body is not None and (
            name == body.name or name in {f"voucher:{number:08x}" for number in body.vouchers}
        )
        promise("pinned", holds=theirs, what=f"{name} is not before the door but {body}")
        if body is not None:
            self.shop.holder[visit] = body

    def _outcome(self, step: Stepped, visit: VisitId, event: EventRecord) -> None:
        lines = lines_of(event)
        owed = sum(_minor(each) for each in lines if not each["paid"])
        if event.type == "exit.unresolved":
            promise("P4", holds=event.data["unpaid_minor"] == 0, what="unresolved but owed")
        else:
            promise("P10", holds=event.data["unpaid_minor"] == owed, what=event)
        if event.type == "exit.unpaid":
            self._p4_unpaid_only_when_all_is_known(step, visit, event)
        if event.type in {"exit.unpaid", "exit.paid"}:
            self._each_item_is_a_line(visit, event)
            self._lines_are_whose_they_are(step, visit, event)
        self._sold_stays_sold(visit, event)
        self.shop.part(visit)

    def _each_item_is_a_line(self, visit: VisitId, event: EventRecord) -> None:
        seen = [each for each in self.shop.loop.disk.of(visit) if each.type == "tags.observed"]
        lines = [each["epc"] for each in lines_of(event)]
        promise("P10", holds=lines == seen[-1].data["stable"], what=f"two equal are two: {event}")

    def _p4_unpaid_only_when_all_is_known(
        self, step: Stepped, visit: VisitId, event: EventRecord
    ) -> None:
        leaving = step.before.leaving
        promise("P4", holds=not isinstance(leaving, Quiet), what="unpaid without an exit")
        if isinstance(leaving, Quiet):
            return
        sighted = self.shop.blind_ms <= leaving.window.started_ms
        sighted = sighted and not self.shop.lost & {READER, DOOR}
        promise("P4", holds=sighted, what=f"unpaid though the sensors were away: {event}")
        asked = any(each.startswith(f"{visit}.pay.") for each in self.shop.told)
        promise("P4", holds=asked, what=f"unpaid though payments were not known: {event}")

    def _lines_are_whose_they_are(self, step: Stepped, visit: VisitId, event: EventRecord) -> None:
        leaving = step.before.leaving
        began_ms = step.now_ms if isinstance(leaving, Quiet) else leaving.window.started_ms
        mine = self._payments(visit, event)
        named = {epc for each in mine for epc in each.epcs}
        money = sum(each.amount_minor for each in mine if each.currency == "EUR")
        for line in lines_of(event):
            epc = str(line["epc"])
            promise("P10", holds=line["paid"] or epc not in named, what=f"paid, not seen: {line}")
            if epc not in named and not self.shop.excused:
                self._line_is_theirs(visit, epc, began_ms)
        used = sum(
            _minor(each) for each in lines_of(event) if each["paid"] and each["epc"] not in named
        )
        promise("P10", holds=event.data["credit_minor"] == money - used, what=event)

    def _line_is_theirs(self, visit: VisitId, epc: str, began_ms: int) -> None:
        who, when_ms = self.shop.carrier(epc)
        party = self.shop.party(visit)
        theirs = who in party and when_ms >= began_ms
        back = epc in self.shop.shelf
        promise("put back", holds=theirs or not back, what=f"charged: {epc}")
        # Who stays on for longer after their visit is over is taken for gone, on purpose.
        late = who is not None and when_ms > self.shop.minded.get(who.name, when_ms)
        promise("pinned", holds=theirs or late, what=f"{epc} of {who} on {party}")

    def _sold_stays_sold(self, visit: VisitId, event: EventRecord) -> None:
        for line in lines_of(event):
            epc = str(line["epc"])
            if event.type != "exit.unresolved":
                promise("once", holds=epc not in self.charged, what=f"again: {line}")
                self.charged[epc] = visit
            promise("sold", holds=line["paid"] or epc not in self.paid_for, what=f"again: {line}")
            if line["paid"]:
                self.paid_for.add(epc)
        self.paid_for.update(epc for each in self._payments(visit, event) for epc in each.epcs)

    def _payments(self, visit: VisitId, event: EventRecord) -> list[Payment]:
        through = int(str(event.data["payments_through"]))
        return [each for each in self.shop.feed if each.visit == visit and each.number <= through]


def _minor(line: Mapping[str, Json]) -> int:
    return int(str(line["price_minor"]))
