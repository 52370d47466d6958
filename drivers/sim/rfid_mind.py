"""What a simulated reader says to what it hears: the wire side of each protocol, sans-io."""

from typing import Final, Protocol

from drivers.rfid import em4100, m100
from drivers.sim.field import Field

EMPTY_ROUND_S: Final = 0.02  # 16 slots of about 1 ms
NOTICE_S: Final = 24 / 11_520  # a notice of 24 bytes at 115200 baud
CARD_S: Final = 0.065  # an RDM6300 repeats a card every 65 ms
HARDWARE: Final = b"\x00M100 26dBm V1.0"
BAD_COMMAND: Final = 0x17
STATUS_ONLY: Final = frozenset((m100.REGION, m100.QUERY, m100.POWER, m100.IDLE_MINUTES))


class Mind(Protocol):
    """One simulated module."""

    def hear(self, data: bytes, now: float) -> None:
        """Take what the host sent."""

    def speak(self, now: float) -> list[bytes]:
        """Return the frames that are due, one per item."""


class M100Mind:
    """An M100 or R200: answers commands, reads in rounds, says 0x15 after an empty one.

    Attributes:
        settings: Parameters of each setting command since power-on: nothing survives a reboot.
        refuses: Codes that it answers with "bad command", as clones do.
    """

    def __init__(self, field: Field, framing: m100.Framing) -> None:
        self.settings: dict[int, bytes] = {}
        self.refuses: frozenset[int] = frozenset()
        self._field = field
        self._framing = framing
        self._decoder = m100.M100Decoder(framing)
        self._rounds = 0
        self._next_round = 0.0
        self._answers: list[bytes] = []

    def reboot(self) -> None:
        """Forget everything, as after a power loss."""
        self.settings = {}
        self._rounds = 0
        self._answers = []

    def hear(self, data: bytes, now: float) -> None:
        """Take commands."""
        for frame in self._decoder.feed(data):
            if frame.kind == m100.COMMAND:
                self._answer(frame, now)

    def speak(self, now: float) -> list[bytes]:
        """Return answers and, when a round is due, its notices or its heartbeat."""
        spoken, self._answers = self._answers, []
        if self._rounds and now >= self._next_round:
            self._rounds -= 1
            notices = self._round()
            self._next_round = now + EMPTY_ROUND_S + len(notices) * NOTICE_S
            spoken += notices or [self._frame(m100.ERROR, bytes((m100.NO_TAG,)))]
        return spoken

    def _answer(self, frame: m100.Frame, now: float) -> None:
        if frame.command in self.refuses:
            self._answers.append(self._frame(m100.ERROR, bytes((BAD_COMMAND,))))
        elif frame.command == m100.INFO:
            self._answers.append(self._frame(m100.INFO, HARDWARE))
        elif frame.command in STATUS_ONLY:
            self.settings[frame.command] = frame.params
            self._answers.append(self._frame(frame.command, b"\x00"))
        elif frame.command == m100.STOP:
            self._rounds = 0
            self._answers.append(self._frame(m100.STOP, b"\x00"))
        elif frame.command == m100.MULTI:
            self._rounds = int.from_bytes(frame.params[1:3], "big")
            self._next_round = now
        elif frame.command == m100.SINGLE:
            notices = self._round()
            self._answers += notices or [self._frame(m100.ERROR, bytes((m100.NO_TAG,)))]
        else:
            self._answers.append(self._frame(m100.ERROR, bytes((BAD_COMMAND,))))

    def _round(self) -> list[bytes]:
        return [self._notice(epc, rssi) for epc, rssi in self._field.tags()]

    def _notice(self, epc: bytes, rssi_dbm: int) -> bytes:
        params = m100.tag_params(epc, rssi_dbm)
        if self._field.take("zeros"):
            params = m100.tag_params(bytes(len(epc)), rssi_dbm)
        if self._field.take("shifted"):
            params = params[:3] + b"\x00" + params[3:-3] + params[-2:]
        if self._field.take("bad_crc"):
            params = params[:-1] + bytes((params[-1] ^ 0xFF,))
        command = m100.Command(m100.SINGLE, params)
        return m100.encode(self._framing, command, kind=m100.NOTICE)

    def _frame(self, code: int, params: bytes) -> bytes:
        return m100.encode(self._framing, m100.Command(code, params), kind=m100.RESPONSE)


class Em4100Mind:
    """An RDM6300 or ID-xxLA: repeats the one card that is there; two cards garble each other."""

    def __init__(self, field: Field, *, crlf: bool) -> None:
        self._field = field
        self._crlf = crlf
        self._next = 0.0

    def hear(self, data: bytes, now: float) -> None:
        """Hear nothing: this kind has no receive line."""

    def speak(self, now: float) -> list[bytes]:
        """Return the card's frame when it is due."""
        cards = self._field.tags()
        if len(cards) != 1 or now < self._next:
            return []
        self._next = now + CARD_S
        data = cards[0][0]
        if self._field.take("zeros"):
            data = bytes(len(data))
        return [em4100.encode(data, crlf=self._crlf)]


def flip_sum(frame: bytes) -> bytes:
    """Return the frame with its checksum spoiled: in both protocols close to the end."""
    at = len(frame) - 2
    if frame[:1] == em4100.START:
        at = em4100.DIGITS
        return frame[:at] + (b"1" if frame[at : at + 1] == b"0" else b"0") + frame[at + 1 :]
    return frame[:at] + bytes((frame[at] ^ 0x55,)) + frame[at + 1 :]
