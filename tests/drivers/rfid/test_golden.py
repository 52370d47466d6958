"""Each golden frame of the built protocols decodes, or is refused, as its source says."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from drivers.rfid import m100
from drivers.rfid.em4100 import Em4100Decoder

GOLDEN = json.loads((Path(__file__).parents[1] / "golden_frames.json").read_text("utf-8"))
UHF = [row for row in GOLDEN if row["protocol"] in ("m100", "r200")]
LF = [row for row in GOLDEN if row["protocol"] in ("rdm6300", "id12la")]


def name(row: Mapping[str, Any]) -> str:
    return f"{row['protocol']}-{row['kind']}-{row['hex'][-10:]}".replace(" ", "_")


def tag_told(frame: m100.Frame) -> dict[str, object]:
    assert frame.tag is not None
    return {
        "rssi_dbm": frame.tag.rssi_dbm,
        "pc": f"{frame.tag.pc:04X}",
        "epc": frame.tag.epc.hex().upper(),
        "tag_crc": frame.params[-2:].hex().upper(),
    }


def error_told(frame: m100.Frame) -> dict[str, object]:
    code: dict[str, object] = {"error_code": frame.error_code}
    refusing = frame.params[4:]  # after length and PC: the EPC of the tag that refused
    return {**code, "epc": refusing.hex().upper()} if refusing else code


def data_told(frame: m100.Frame) -> dict[str, object]:
    end = 1 + frame.params[0]
    return {"epc": frame.params[3:end].hex().upper(), "data": frame.params[end:].hex()}


def demodulator_told(frame: m100.Frame) -> dict[str, object]:
    mixer, gain, high, low = frame.params
    return {"mixer_g": mixer, "if_g": gain, "threshold": high << 8 | low}


TOLD: dict[tuple[int, int], Callable[[m100.Frame], Mapping[str, object]]] = {
    (m100.NOTICE, m100.SINGLE): tag_told,
    (m100.RESPONSE, m100.ERROR): error_told,
    (m100.RESPONSE, m100.INFO): lambda frame: {"info": frame.params[1:].decode("ascii")},
    (m100.RESPONSE, m100.GET_QUERY): lambda frame: m100.query_of(frame.params),
    (m100.RESPONSE, 0xF1): demodulator_told,
    (m100.RESPONSE, 0x39): data_told,
    (m100.COMMAND, m100.MULTI): lambda frame: {"count": int.from_bytes(frame.params[1:], "big")},
    (m100.COMMAND, m100.POWER): lambda frame: {"centi_dbm": int.from_bytes(frame.params, "big")},
}


def told(frame: m100.Frame) -> Mapping[str, object]:
    """What one frame says, in the words of the golden file."""
    known = TOLD.get((frame.kind, frame.command))
    if known is not None:
        return known(frame)
    return {"status": frame.params[0]} if frame.kind == m100.RESPONSE else {}


@pytest.mark.parametrize("row", UHF, ids=name)
def test_a_golden_uhf_frame_is_read_or_refused_as_its_source_says(row: Mapping[str, Any]) -> None:
    framing = m100.BB if row["protocol"] == "m100" else m100.AA
    decoder = m100.M100Decoder(framing)
    data = bytes.fromhex(row["hex"])
    frames = decoder.feed(data) + decoder.flush()
    if not row["valid"]:
        assert frames == []
        assert decoder.counters[f"{row['expect']['error']}_errors"] == 1
        assert decoder.counters["dropped_bytes"] == len(data)
        return
    (frame,) = frames
    assert told(frame) == row["expect"]
    assert decoder.counters["dropped_bytes"] == 0


@pytest.mark.parametrize("row", [row for row in UHF if row["valid"]], ids=name)
def test_a_golden_uhf_frame_is_encoded_to_the_same_bytes(row: Mapping[str, Any]) -> None:
    framing = m100.BB if row["protocol"] == "m100" else m100.AA
    data = bytes.fromhex(row["hex"])
    (frame,) = m100.M100Decoder(framing).feed(data)
    command = m100.Command(frame.command, frame.params)
    assert m100.encode(framing, command, kind=frame.kind) == data


@pytest.mark.parametrize("row", LF, ids=name)
def test_a_golden_card_frame_is_read_or_refused_as_its_source_says(row: Mapping[str, Any]) -> None:
    decoder = Em4100Decoder()
    cards = decoder.feed(bytes.fromhex(row["hex"]))
    if not row["valid"]:
        assert cards == []
        assert decoder.counters[f"{row['expect']['error']}_errors"] == 1
        return
    (card,) = cards
    assert {"version": card.version, "id": card.number} == row["expect"]


def test_every_golden_frame_names_its_source() -> None:
    assert len(UHF) == 40
    assert len(LF) == 8
    assert all(row["source"] for row in GOLDEN)
