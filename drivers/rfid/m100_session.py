"""The talk with an M100 or R200 module: what to send when, sans-io.

Stop, ask who it is, set region, power, query and no-sleep, start a multi inventory. The module
keeps nothing over a power loss, so the same steps run again whenever it went silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.rfid import m100

ANSWER_S: Final = 0.15  # a 20-byte answer takes 2 ms on the wire, a USB adapter adds 16
TRIES: Final = 2
QUIET_S: Final = 0.1  # a frame never pauses so long: USB adapters hand over every 16 ms
FRAME_S: Final = 0.2  # a notice of 31 words takes 77 ms at 9600 baud, and its adapter some more
REARM_S: Final = 0.4  # an empty round of 64 slots takes about 0.1 s and ends in a heartbeat


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the set-up.

    Attributes:
        need: "answer" must be answered well; "offer" may be refused or unanswered; "start"
            has no answer, tags and heartbeats follow.
    """

    command: m100.Command
    need: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What to apply to a module; None leaves its own default."""

    region: str | None = None
    power_dbm: int | None = None
    q: int = 4

    def steps(self) -> tuple[Step, ...]:
        """The commands, in order."""
        steps = [Step(m100.stop_inventory(), "offer"), Step(m100.get_info(), "answer")]
        if self.region is not None:
            steps.append(Step(m100.set_region(self.region), "answer"))
        if self.power_dbm is not None:
            steps.append(Step(m100.set_power(self.power_dbm), "answer"))
        steps.append(Step(m100.set_query(self.q), "offer"))
        steps.append(Step(m100.never_sleep(), "offer"))
        steps.append(Step(m100.multi_inventory(), "start"))
        return tuple(steps)


class M100Session:
    """Feed it what came, send what it says; time comes in as monotonic seconds.

    Attributes:
        info: What the module calls itself, "" before it said so.
        rejected: Code and command of the answer that ended the set-up, None while all is well.
        counters: reads, heartbeats, rearms, unanswered; the decoder's are in `decoder_counters`.
    """

    def __init__(self, setup: Setup, framings: Sequence[m100.Framing]) -> None:
        self.info = ""
        self.rejected: tuple[int, int] | None = None
        self.counters = dict.fromkeys(("reads", "heartbeats", "rearms", "unanswered"), 0)
        self.last_heard: float | None = None
        self._steps = setup.steps()
        self._decoders = tuple(m100.M100Decoder(framing) for framing in framings)
        self._known = len(framings) == 1
        self._using = 0
        self._at = 0
        self._tries = 0
        self._sent: float | None = None
        self._last_data = 0.0
        self._began = 0.0  # of the frame that is unfinished

    @property
    def reading(self) -> bool:
        """Whether the set-up is done and the inventory runs."""
        return self._at == len(self._steps)

    @property
    def framing(self) -> m100.Framing:
        """The framing in use, or being tried."""
        return self._decoders[self._using].framing

    @property
    def decoder_counters(self) -> dict[str, int]:
        """The decoders' counters, added up."""
        names = self._decoders[0].counters
        return {name: sum(each.counters[name] for each in self._decoders) for name in names}

    def receive(self, data: bytes, now: float) -> list[m100.Tag]:
        """Return the tags in `data`, after the answers in it were taken."""
        self._last_data = now
        decoder = self._decoders[self._using]
        before = decoder.counters["frames"]
        frames = self._feed(decoder, data, now)
        if decoder.counters["frames"] != before:
            self.last_heard = now
            self._known = True
        tags = [frame.tag for frame in frames if frame.tag is not None]
        self.counters["reads"] += len(tags)
        for frame in frames:
            if frame.error_code == m100.NO_TAG:
                self.counters["heartbeats"] += 1
            elif frame.kind == m100.RESPONSE:
                self._take(frame)
        return tags

    def _feed(self, decoder: m100.M100Decoder, data: bytes, now: float) -> list[m100.Frame]:
        """Return the frames; a damaged length must not swallow heartbeats until it is filled."""
        was_empty, passed = not decoder.kept, _passed(decoder)
        frames = decoder.feed(data)
        if was_empty or _passed(decoder) != passed:
            self._began = now
        elif now - self._began >= FRAME_S:
            frames += decoder.give_up()
            self._began = now
        return frames

    def quiet(self, now: float) -> list[m100.Tag]:
        """Return the tags behind an unfinished frame, when the line went quiet within one."""
        decoder = self._decoders[self._using]
        if not decoder.kept or now - self._last_data < QUIET_S:
            return []
        frames = decoder.flush()
        tags = [frame.tag for frame in frames if frame.tag is not None]
        self.counters["reads"] += len(tags)
        if tags:
            self.last_heard = now
        return tags

    def due(self, now: float) -> bytes:
        """Return what to send now, b"" when nothing is due."""
        if self.reading:
            if self.last_heard is not None and now - self.last_heard < REARM_S:
                return b""
            if self._sent is not None and now - self._sent < REARM_S:
                return b""
            self.counters["rearms"] += 1
            self._restart()
        elif self._sent is not None:
            if now - self._sent < ANSWER_S:
                return b""
            self._unanswered()
        return self._send(now)

    def _send(self, now: float) -> bytes:
        step = self._steps[self._at]
        self._sent = now
        self._tries += 1
        if step.need == "start":
            self._next()
            self._sent = now
        return m100.encode(self.framing, step.command)

    def _unanswered(self) -> None:
        """Go on after a command without an answer: next, once more, or in the other framing."""
        self.counters["unanswered"] += 1
        if self._steps[self._at].need == "offer":
            self._next()
        elif self._tries >= TRIES or not self._known:
            if not self._known:
                self._using = (self._using + 1) % len(self._decoders)
            self._restart()

    def _take(self, frame: m100.Frame) -> None:
        """Match an answer with the command that waits for it; others are late and ignored."""
        if self.reading or self._sent is None:
            return
        step = self._steps[self._at]
        refused = frame.error_code
        if frame.command not in (step.command.code, m100.ERROR):
            return
        if step.command.code == m100.INFO and refused is None:
            self.info = frame.params[1:].decode("ascii", "replace")
        elif refused is None and frame.params[:1] != b"\x00":
            refused = frame.params[0] if frame.params else 0
        if refused is not None and step.need == "answer":
            self.rejected = (refused, step.command.code)
            return
        self._next()

    def _next(self) -> None:
        self._at += 1
        self._tries = 0
        self._sent = None

    def _restart(self) -> None:
        self._at = 0
        self._tries = 0
        self._sent = None


def _passed(decoder: m100.M100Decoder) -> int:
    """Return a number that rises whenever the decoder's oldest byte is another one."""
    return decoder.counters["frames"] + decoder.counters["dropped_bytes"]
