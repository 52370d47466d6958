"""The simulated modules speak the frames of the manuals, in bounded rounds."""

import pytest

from drivers.rfid import em4100, m100
from drivers.sim.field import Field
from drivers.sim.rfid_mind import Em4100Mind, M100Mind, flip_sum

TAG = bytes.fromhex("30751FEB705C5904E3D50D70")


def module(framing: m100.Framing = m100.BB) -> tuple[M100Mind, Field]:
    field = Field(range(2, 63, 2), clock=lambda: 0.0)
    return M100Mind(field, framing), field


def ask(mind: M100Mind, command: m100.Command, framing: m100.Framing = m100.BB) -> bytes:
    mind.hear(m100.encode(framing, command), 0.0)
    return b"".join(mind.speak(0.0))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (m100.get_info(), "BB01030010004D31303020323664426D2056312E30927E"),
        (m100.set_region("CN900"), "BB0107000100097E"),
        (m100.set_query(4), "BB010E000100107E"),
        (m100.set_power(20), "BB01B6000100B87E"),
        (m100.stop_inventory(), "BB01280001002A7E"),
        (m100.single_inventory(), "BB01FF000115167E"),
        (m100.Command(0x65), "BB01FF000117187E"),
    ],
)
def test_an_answer_has_the_bytes_of_the_manual(command: m100.Command, answer: str) -> None:
    mind, _ = module()
    assert ask(mind, command).hex().upper() == answer


def test_a_single_inventory_reads_the_field_once() -> None:
    mind, field = module()
    field.obey({"do": "enter", "epcs": [TAG.hex()]})
    (frame,) = m100.M100Decoder(m100.BB).feed(ask(mind, m100.single_inventory()))
    assert frame.tag is not None
    assert frame.tag.epc == TAG
    assert mind.speak(1.0) == []


def test_rounds_are_counted_and_take_their_time() -> None:
    mind, field = module()
    assert ask(mind, m100.multi_inventory(3)).hex().upper() == "BB01FF000115167E"
    assert mind.speak(0.01) == []
    assert len(mind.speak(0.03)) == 1
    field.obey({"do": "enter", "epcs": [bytes((1, at)).hex() for at in range(1, 101)]})
    assert len(mind.speak(0.06)) == 100
    assert mind.speak(100.0) == []


def test_a_module_hears_only_its_own_framing_and_no_answers() -> None:
    mind, _ = module(m100.AA)
    assert ask(mind, m100.get_info(), m100.BB) == b""
    mind.hear(m100.encode(m100.AA, m100.get_info(), kind=m100.RESPONSE), 0.0)
    assert mind.speak(0.0) == []
    assert ask(mind, m100.get_info(), m100.AA)[0] == 0xAA


@pytest.mark.parametrize("fault", ["zeros", "shifted", "bad_crc"])
def test_a_tag_fault_passes_the_sum_and_not_the_driver(fault: str) -> None:
    mind, field = module()
    field.obey({"do": "enter", "epcs": [TAG.hex()]})
    field.obey({"do": fault})
    decoder = m100.M100Decoder(m100.BB)
    assert decoder.feed(ask(mind, m100.single_inventory())) == []
    assert decoder.counters["frames"] == 1
    assert decoder.counters["checksum_errors"] == 0


def test_a_card_repeats_every_65_ms() -> None:
    field = Field(range(5, 6), clock=lambda: 0.0)
    mind = Em4100Mind(field, crlf=True)
    assert mind.speak(0.0) == []
    field.obey({"do": "enter", "epcs": ["67003B51C6"]})
    assert mind.speak(0.0) == [bytes.fromhex("023637303033423531433643420D0A03")]
    assert mind.speak(0.06) == []
    assert len(mind.speak(0.07)) == 1
    mind.hear(b"anything", 0.0)


@pytest.mark.parametrize("crlf", [True, False])
def test_a_flipped_sum_spoils_only_the_sum(*, crlf: bool) -> None:
    card = em4100.encode(bytes.fromhex("67003B51C6"), crlf=crlf)
    decoder = em4100.Em4100Decoder()
    assert decoder.feed(flip_sum(card)) == []
    assert decoder.counters["checksum_errors"] == 1
    zero = em4100.encode(bytes.fromhex("6700000067"))
    assert zero[11:13] == b"00"
    assert em4100.Em4100Decoder().feed(flip_sum(zero)) == []
    notice = m100.encode(m100.BB, m100.Command(m100.SINGLE, m100.tag_params(TAG, -50)), kind=2)
    uhf = m100.M100Decoder(m100.BB)
    assert uhf.feed(flip_sum(notice)) == []
    assert uhf.counters["checksum_errors"] == 1
