"""How long it takes from a decoded token to the edge on the lock's pin (DESIGN 11).

The real owner, ledger, lock driver and score service. The provider's answer and one durable commit
are measured in the same run and taken off: they belong to the network and the disk.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import uuid_utils

from drivers.sim.gpio import SimLock
from kiosk.clock import Clock, boot_id
from kiosk.core.events import EventRecord
from kiosk.core.signing import b64decode
from kiosk.core.values import Answer, Moment, Spend, VisitId
from kiosk.core.visit_state import Gate
from kiosk.daemon.beats import Beats
from kiosk.daemon.devices import Devices, build
from kiosk.daemon.effects import Effects
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.loop import Owner
from kiosk.daemon.messages import CodeSeen
from kiosk.daemon.peers import Peers
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.rulebook import KINDS, Rulebook
from kiosk.daemon.services import connect
from kiosk.ledger.keys import load as load_keys
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.ledger.store import Appended, Ledger, Replayed
from kiosk.remote.providers.base import CheckRequest, Provider
from kiosk.settings import Settings
from kiosk.settings import load as load_settings
from kiosk.stage import props
from kiosk.stage.errors import ProcessError
from kiosk.stage.plot import POLICY, Customer, Script
from kiosk.stage.theatre import Theatre, prepared

SCANS: Final = 60
WARM: Final = 5
ANSWER_S: Final = 3.0
BAR_MS: Final = 10.0
POINTS: Final = 700


class _Nothing:
    """Stands where the uploader does: nothing is uploaded while the clock runs."""

    def flush(self) -> None:
        """Do nothing."""


class _TimedProvider:
    """A provider that notes how long each answer took."""

    kind = "http"

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.took_ms: list[float] = []

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Return the provider's answer."""
        began = time.perf_counter()
        answer = self._provider.check(request, now_s, deadline_s)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        return answer

    def close(self) -> None:
        """Close the provider."""
        self._provider.close()


class _TimedLedger(Ledger):
    """A ledger that notes how long each durable append took."""

    took_ms: list[float]

    def append(
        self, events: Sequence[EventRecord], at: Moment, spend: Spend | None = None
    ) -> Appended | Replayed:
        """Append and note."""
        began = time.perf_counter()
        appended = super().append(events, at, spend)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        return appended


def run(scans: int = SCANS) -> dict[str, Any]:
    """Return rows and the bar of DESIGN 11 for `scans` scans.

    Raises:
        ProcessError: A service did not start, or a scan did not unlock.
    """
    customers = tuple(Customer(f"customer-{n}", POINTS) for n in range(scans + WARM))
    script = Script("EUR", POLICY, (), customers, (), ())
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as name, ExitStack() as stack:
        theatre = prepared(Path(name), script)
        theatre.start_services(stack)
        bench = stack.enter_context(_opened(theatre, Path(name)))
        total_ms = [bench.scan(theatre.mint(each.id, age_s=0)) for each in customers][WARM:]
        provider_ms = bench.provider.took_ms[WARM:]
        commit_ms = bench.ledger.took_ms[2 * WARM :]
    return _result(total_ms, provider_ms, commit_ms)


class _Bench:
    """One gate without camera and threads: a token goes in, an edge comes out."""

    def __init__(self, owner: Owner, inbox: Inbox, clock: Clock, lock: SimLock) -> None:
        self.owner = owner
        self.provider: _TimedProvider
        self.ledger: _TimedLedger
        self._inbox = inbox
        self._clock = clock
        self._lock = lock

    def scan(self, text: str) -> float:
        """Return the milliseconds from the decoded token to the edge on the pin."""
        began = time.monotonic()
        self.owner.handle(CodeSeen(text, "entry", self._clock.now()))
        answer = self._inbox.take(ANSWER_S, self._clock.now())
        if answer is None:
            raise ProcessError("no answer from the provider; see scores.log")
        self.owner.handle(answer)
        state: Any = self._lock.obey({"do": "state"})
        edges = [at for at, unlocked in state["edges"] if unlocked]
        if not edges or edges[-1] < began:
            raise ProcessError(f"the scan did not unlock: {type(self.owner.gate.entry).__name__}")
        self._lock.lock()
        self.owner.gate = Gate()
        return float((edges[-1] - began) * 1000)


@contextmanager
def _opened(theatre: Theatre, directory: Path) -> Iterator[_Bench]:
    settings = load_settings(directory / props.CONFIG)
    rhythm = Rhythm(Inbox(), Clock(settings.clock_offset_file, "always"), Beats())
    devices = build(settings)
    keys = load_keys(directory)
    with ExitStack() as stack:
        stack.callback(rhythm.clock.close)
        ledger = _TimedLedger.open(
            directory / LEDGER_FILE, settings.origin, keys.log, keys.wrap, boot_id()
        )
        stack.callback(ledger.close)
        if not isinstance(ledger, _TimedLedger):
            raise TypeError("the ledger is not the timed one")
        ledger.took_ms = []
        if not isinstance(devices.lock, SimLock):
            raise TypeError("the lock is not the simulated one")
        devices.open(stack, rhythm)
        book = _book(theatre, settings)
        services = connect(settings, lambda: book.keys or {})
        provider = _TimedProvider(services.providers["score"])
        peers = Peers(
            kiosk=settings.origin,
            providers={"score": provider, "vouch": services.providers["vouch"]},
            payments=services.settling,
            counter=services.counter,
            rhythm=rhythm,
        )
        stack.callback(peers.stop)
        owner = _owner(book, ledger, devices, peers, rhythm)
        bench = _Bench(owner, rhythm.inbox, rhythm.clock, devices.lock)
        bench.provider, bench.ledger = provider, ledger
        yield bench


def _owner(book: Rulebook, ledger: Ledger, devices: Devices, peers: Peers, rhythm: Rhythm) -> Owner:
    effects = Effects(
        ledger=ledger,
        lock=devices.lock,
        face=devices.face,
        peers=peers,
        uploader=_Nothing(),
        clock=rhythm.clock,
    )
    return Owner(
        book=book,
        ledger=ledger,
        effects=effects,
        rhythm=rhythm,
        new_visit=lambda: VisitId(str(uuid_utils.uuid7())),
        answer=lambda _owner, _asked: None,
    )


def _book(theatre: Theatre, settings: Settings) -> Rulebook:
    name, owner_key = settings.kiosk.name, b64decode(settings.owner_key)
    book = Rulebook(name, settings.audiences, owner_key, {})
    with theatre.services.staff() as hub:
        for kind in KINDS:
            envelope = hub.document(kind)
            if envelope is not None:
                book = book.adopt(kind, envelope)
    return book


def _result(
    total_ms: Sequence[float], provider_ms: Sequence[float], commit_ms: Sequence[float]
) -> dict[str, Any]:
    commit = statistics.median(commit_ms)
    software = [
        total - answer - commit for total, answer in zip(total_ms, provider_ms, strict=True)
    ]
    rows: list[Mapping[str, Any]] = [
        _row("token to edge", total_ms),
        _row("provider's answer", provider_ms),
        _row("one durable commit", commit_ms),
        _row("software", software),
    ]
    value = round(statistics.median(software), 2)
    bar = {"what": "software, median ms", "value": value, "bar": BAR_MS, "ok": value <= BAR_MS}
    return {"bench": "scan", "rows": rows, "bars": [bar]}


def _row(what: str, values_ms: Sequence[float]) -> Mapping[str, Any]:
    ordered = sorted(values_ms)
    return {
        "what": what,
        "count": len(ordered),
        "median_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95) - 1], 2),
        "max_ms": round(ordered[-1], 2),
    }
