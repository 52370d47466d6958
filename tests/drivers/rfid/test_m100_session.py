"""The talk with a module, in virtual time: two sans-io ends and a wire that we can cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from drivers.rfid import m100
from drivers.rfid.m100_session import REARM_S, M100Session, Setup
from drivers.sim.field import Field
from drivers.sim.rfid_mind import M100Mind

EPC = bytes.fromhex("30751FEB705C5904E3D50D70")
STEP_S = 0.01
FULL = Setup("EU", 20, 5)


@dataclass
class Wire:
    """A session and a module with 10 ms between every two looks."""

    framing: m100.Framing = m100.BB
    setup: Setup = FULL
    framings: Sequence[m100.Framing] = (m100.BB, m100.AA)
    now: float = 100.0
    deaf: bool = False
    mute: bool = False
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.field = Field(range(2, 63, 2), clock=lambda: self.now)
        self.mind = M100Mind(self.field, self.framing)
        self.session = M100Session(self.setup, self.framings)

    def run(self, seconds: float) -> list[m100.Tag]:
        """Let both ends talk; return the tags."""
        tags: list[m100.Tag] = []
        end = self.now + seconds
        while self.now < end:
            out = self.session.due(self.now)
            if out:
                self.sent.append(out)
                if not self.deaf:
                    self.mind.hear(out, self.now)
            said = b"".join(self.mind.speak(self.now))
            if said and not self.mute:
                tags += self.session.receive(said, self.now)
            else:
                tags += self.session.quiet(self.now)
            self.now += STEP_S
        return tags

    def codes(self) -> list[int]:
        """The command codes that were sent."""
        return [frame[2] for frame in self.sent]


def test_the_set_up_stops_asks_applies_and_starts() -> None:
    wire = Wire()
    wire.run(0.3)
    assert wire.session.reading
    assert wire.session.info == "M100 26dBm V1.0"
    assert wire.codes() == [0x28, 0x03, 0x07, 0xB6, 0x0E, 0x1D, 0x27]
    assert wire.mind.settings == {
        m100.REGION: b"\x03",
        m100.POWER: b"\x07\xd0",
        m100.QUERY: b"\x10\x28",
        m100.IDLE_MINUTES: b"\x00",
    }


def test_what_is_not_configured_is_left_alone() -> None:
    wire = Wire(setup=Setup())
    wire.run(0.3)
    assert wire.codes() == [0x28, 0x03, 0x0E, 0x1D, 0x27]


@pytest.mark.parametrize("framing", [m100.BB, m100.AA])
def test_the_framing_is_found_by_asking_in_both(framing: m100.Framing) -> None:
    wire = Wire(framing=framing)
    wire.run(1.0)
    assert wire.session.reading
    assert wire.session.framing == framing


def test_a_declared_framing_is_the_only_one_tried() -> None:
    wire = Wire(framing=m100.AA, framings=(m100.BB,))
    wire.run(3.0)
    assert not wire.session.reading
    assert {frame[0] for frame in wire.sent} == {0xBB}


def test_tags_come_with_their_strength_and_an_empty_field_says_so() -> None:
    wire = Wire()
    wire.field.obey({"do": "enter", "epcs": [EPC.hex()], "rssi_dbm": -60})
    tags = wire.run(1.0)
    assert {tag.epc for tag in tags} == {EPC}
    assert all(-62 <= tag.rssi_dbm <= -58 for tag in tags)
    assert wire.session.counters["reads"] == len(tags)
    wire.field.obey({"do": "leave", "epcs": "all"})
    before = wire.session.counters["heartbeats"]
    assert wire.run(1.0) == []
    assert wire.session.counters["heartbeats"] > before + 10


def test_an_inventory_that_ends_is_started_again_with_all_settings() -> None:
    wire = Wire()
    wire.run(0.5)
    wire.mind.reboot()
    wire.sent.clear()
    wire.run(REARM_S + 0.3)
    assert wire.session.counters["rearms"] == 1
    assert wire.session.reading
    assert wire.codes() == [0x28, 0x03, 0x07, 0xB6, 0x0E, 0x1D, 0x27]
    assert wire.mind.settings[m100.REGION] == b"\x03"


def test_the_mutant_that_only_restarts_the_inventory_reads_on_the_wrong_region() -> None:
    """Restarting with 27 alone brings tags back after a power loss, but not the radio rules."""
    wire = Wire()
    wire.run(0.5)
    wire.mind.reboot()
    wire.mind.hear(m100.encode(m100.BB, m100.multi_inventory()), wire.now)
    wire.field.obey({"do": "enter", "epcs": [EPC.hex()]})
    assert wire.run(0.2)
    assert m100.REGION not in wire.mind.settings


def test_a_silent_module_is_asked_again_and_again_and_last_heard_stays() -> None:
    wire = Wire()
    wire.run(0.5)
    heard = wire.session.last_heard
    wire.mute = True
    wire.run(2.0)
    assert wire.session.last_heard == heard
    assert wire.session.counters["unanswered"] >= 3
    assert len(wire.sent) > 10
    wire.mute = False
    wire.run(1.0)
    assert wire.session.reading


def test_a_required_setting_that_is_refused_ends_the_set_up_with_its_code() -> None:
    wire = Wire()
    wire.mind.refuses = frozenset((m100.REGION,))
    wire.run(0.5)
    assert wire.session.rejected == (0x17, m100.REGION)
    assert not wire.session.reading


def test_a_setting_with_a_bad_status_counts_as_refused() -> None:
    wire = Wire()
    wire.run(0.015)  # stop and who-are-you are answered
    answer = m100.encode(m100.BB, m100.Command(m100.REGION, b"\x01"), kind=m100.RESPONSE)
    wire.session.due(wire.now)
    wire.session.receive(answer, wire.now)
    assert wire.session.rejected == (1, m100.REGION)


def test_a_setting_that_clones_lack_is_passed_over() -> None:
    wire = Wire()
    wire.mind.refuses = frozenset((m100.IDLE_MINUTES, m100.QUERY, m100.STOP))
    wire.run(0.5)
    assert wire.session.reading
    assert wire.session.rejected is None


def test_a_late_answer_to_another_command_changes_nothing() -> None:
    wire = Wire()
    wire.session.due(wire.now)
    late = m100.encode(m100.BB, m100.Command(m100.POWER, b"\x00"), kind=m100.RESPONSE)
    wire.session.receive(late, wire.now)
    assert not wire.session.reading
    wire.run(0.3)
    assert wire.session.reading


def test_an_unanswered_required_command_is_tried_again() -> None:
    wire = Wire(framings=(m100.BB,))
    wire.deaf = True
    wire.run(0.25)
    wire.deaf = False
    wire.run(0.5)
    assert wire.session.reading
    assert wire.session.counters["unanswered"] == 2  # the stop and the question


def test_an_unfinished_frame_holds_nothing_up_when_the_line_goes_quiet() -> None:
    wire = Wire()
    wire.run(0.5)
    notice = m100.encode(
        m100.BB, m100.Command(m100.SINGLE, m100.tag_params(EPC, -50)), kind=m100.NOTICE
    )
    wire.session.receive(notice[:4] + b"\xff" + notice, wire.now)
    assert wire.session.quiet(wire.now + 0.05) == []
    assert [tag.epc for tag in wire.session.quiet(wire.now + 0.2)] == [EPC]
    assert wire.session.last_heard == wire.now + 0.2


def test_a_damaged_length_does_not_deafen_a_reader_that_only_says_heartbeats() -> None:
    wire = Wire()
    wire.run(0.5)
    empty = m100.Command(m100.ERROR, bytes((m100.NO_TAG,)))
    heartbeat = m100.encode(m100.BB, empty, kind=m100.RESPONSE)
    damaged = heartbeat[:4] + b"\xf0" + heartbeat[5:]
    before = wire.session.counters["heartbeats"]
    for beat in range(5):  # slow ones, such as a long round brings: never quiet, never full
        wire.session.receive(heartbeat if beat else damaged, wire.now + beat * 0.09)
    assert wire.session.counters["heartbeats"] == before + 4
    assert wire.session.due(wire.now + 0.4) == b""


def test_a_frame_that_comes_in_slow_pieces_is_not_given_up() -> None:
    wire = Wire()
    wire.run(0.5)
    notice = m100.encode(
        m100.BB, m100.Command(m100.SINGLE, m100.tag_params(EPC, -50)), kind=m100.NOTICE
    )
    wire.session.receive(notice[:9], wire.now + 1.0)
    wire.session.receive(notice[9:20], wire.now + 1.09)
    tags = wire.session.receive(notice[20:] + notice[:7], wire.now + 1.15)
    tags += wire.session.receive(notice[7:], wire.now + 1.4)
    assert [tag.epc for tag in tags] == [EPC, EPC]
