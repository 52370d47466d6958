"""`kiosk rfid` on simulated readers: real frames on a pty, read by the real drivers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.registry import create
from kiosk.core.values import CoreError
from kiosk.stage.errors import StageError
from kiosk.stage.learning import add
from kiosk.stage.listening import listen
from tests.cli.conftest import Control, Kiosk
from tests.daemon.test_devices import settings

TRAIL_MIX = "3034257BF40C0E4000000001"
SECOND_MIX = "3034257BF40C0E4000000002"
FOREIGN = "E28068900000500E88C6A4A7"


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Any]:
    """Yield a simulated reader whose terminal the command opens as any serial port."""
    sim: Any = create("reader", "m100", "gate", {"port": f"sim:{tmp_path / 'tty'}"})
    sim.obey({"do": "enter", "epcs": [TRAIL_MIX, FOREIGN], "rssi_dbm": -60})
    sim._peer.start()
    yield tmp_path / "tty"
    sim.close()


def test_an_sgtin_is_told_by_gtin_serial_and_digital_link_and_others_stay_hex(kiosk: Kiosk) -> None:
    done = kiosk("rfid", "decode", TRAIL_MIX.lower(), FOREIGN, "--json")
    assert done.code == 0
    assert json.loads(done.out) == [
        {
            "epc": TRAIL_MIX,
            "gtin": "00614141123452",
            "serial": "1",
            "digital_link": "https://id.gs1.org/01/00614141123452/21/1",
        },
        {"epc": FOREIGN, "gtin": "", "serial": "", "digital_link": ""},
    ]
    text = kiosk("rfid", "decode", TRAIL_MIX, FOREIGN).out
    assert "GTIN 00614141123452" in text
    assert "not a GS1 trade item" in text


@pytest.mark.parametrize(
    "bad", ["000000000000000000000000", "xyz", "30", "é", "3034257BF40C0E40001"]
)
def test_what_is_no_epc_is_one_line_and_exit_2_and_the_others_are_told(
    kiosk: Kiosk, bad: str
) -> None:
    done = kiosk("rfid", "decode", bad, TRAIL_MIX)
    assert done.code == 2
    assert TRAIL_MIX in done.out
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err


def test_scan_tells_each_tag_once(kiosk: Kiosk, field: Path) -> None:
    done = kiosk("rfid", "scan", "--port", str(field), "--seconds", "1")
    assert done.code == 0, done.err
    assert sorted(line.split()[0] for line in done.out.splitlines()) == sorted([TRAIL_MIX, FOREIGN])


def test_survey_advises_a_floor_above_what_rests_in_the_field(kiosk: Kiosk, field: Path) -> None:
    done = kiosk("rfid", "survey", "--port", str(field), "--seconds", "1", "--json")
    told = json.loads(done.out)
    assert {tag["epc"] for tag in told["tags"]} == {TRAIL_MIX, FOREIGN}
    strongest = max(tag["rssi_max"] for tag in told["tags"])
    assert told["advised_floor_dbm"] > strongest
    assert all(tag["reads_per_s"] == round(tag["reads"] / 1, 1) for tag in told["tags"])
    text = kiosk("rfid", "survey", "--port", str(field), "--seconds", "0.5").out
    assert "advised rssi_floor_dbm" in text


def test_learn_adds_tags_to_the_spreadsheet_once(kiosk: Kiosk, field: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    words = ["--port", str(field), "--seconds", "1", "--name", "Mix", "--price", "5.99"]
    assert "2 added" in kiosk("rfid", "learn", "--csv", str(sheet), *words).out
    assert "0 added" in kiosk("rfid", "learn", "--csv", str(sheet), *words).out
    rows = sorted(sheet.read_text(encoding="utf-8").splitlines())
    assert rows == sorted(
        ["gtin,epc,name,price", "00614141123452,,Mix,5.99", f",{FOREIGN},Mix,5.99"]
    )


@pytest.mark.parametrize("price", ["abc", "5.99999", "-1", ""])
def test_a_price_that_is_none_is_refused_before_anything_is_heard(
    kiosk: Kiosk, tmp_path: Path, price: str
) -> None:
    words = ("--port", tmp_path / "none", "--csv", tmp_path / "x.csv", "--name", "x")
    done = kiosk("rfid", "learn", *words, f"--price={price}")
    assert done.code == 2
    assert f"--price {price}: want" in done.err


def test_learn_leaves_out_what_is_not_held_close(kiosk: Kiosk, field: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    words = ["--port", str(field), "--seconds", "0.5", "--name", "Mix", "--price", "5.99"]
    done = kiosk("rfid", "learn", "--csv", str(sheet), *words, "--floor-dbm", "-40")
    assert done.code == 1
    assert "no tag was heard at -40 dBm or more (2 weaker)" in done.err
    assert not sheet.exists()


def test_a_sheet_that_was_edited_is_added_to_without_breaking_a_row(tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    sheet.write_text("\ufeffgtin,epc,name,price\n00614141123452,,Mix,5.99", encoding="utf-8")
    assert add(sheet, [TRAIL_MIX], "Mix", "5.99") == 0
    assert add(sheet, [FOREIGN], '=HYPERLINK("x")', "5.99") == 1
    assert sheet.read_text(encoding="utf-8-sig").splitlines()[1:] == [
        "00614141123452,,Mix,5.99",
        f""",{FOREIGN},"'=HYPERLINK(""x"")",5.99""",
    ]


def test_items_of_one_gtin_are_one_row_and_a_foreign_sheet_is_left_alone(tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    assert add(sheet, [TRAIL_MIX, SECOND_MIX], "Mix", "5.99") == 1
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(StageError, match="its columns are not"):
        add(other, [TRAIL_MIX], "Mix", "5.99")
    assert other.read_text(encoding="utf-8") == "a,b\n1,2\n"
    with pytest.raises(CoreError):
        add(sheet, ["0000"], "Mix", "5.99")


def test_a_reader_that_is_not_there_is_one_line_and_the_hardware_code(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    done = kiosk("rfid", "scan", "--port", str(tmp_path / "nothing"), "--seconds", "0.3")
    assert done.code == 3
    assert done.err.startswith("kiosk: reader: ")
    assert done.err.count("\n") == 1


def test_a_quiet_field_is_said_and_gives_no_floor(kiosk: Kiosk, tmp_path: Path) -> None:
    sim: Any = create("reader", "m100", "gate", {"port": f"sim:{tmp_path / 'tty'}"})
    found = listen(sim, 0.5)
    assert (found.tags, found.advised_floor_dbm) == ((), None)
    sim._peer.start()
    port = str(tmp_path / "tty")
    assert kiosk("rfid", "scan", "--port", port, "--seconds", "0.5", "--json").code == 1
    sheet = str(tmp_path / "items.csv")
    words = ["--csv", sheet, "--name", "Mix", "--price", "1", "--port", port, "--seconds", "0.5"]
    assert kiosk("rfid", "learn", *words).code == 1
    sim.close()


def test_the_configuration_names_the_reader(kiosk: Kiosk, tmp_path: Path) -> None:
    settings(tmp_path)
    config = str(tmp_path / "kiosk.toml")
    assert kiosk("rfid", "scan", "--config", config, "--seconds", "0.3").code == 1
    assert (
        kiosk("rfid", "scan", "--config", config, "--reader", "fob", "--seconds", "0.3").code == 1
    )
    for words in (["--reader", "none"], ["--port", "x"]):
        assert kiosk("rfid", "scan", "--config", config, *words).code == 2


@pytest.mark.parametrize(
    "verb", [("scan",), ("survey",), ("learn", "--csv", "x.csv", "--name", "x", "--price", "1")]
)
def test_the_reader_of_a_running_kiosk_is_left_alone(
    verb: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    kiosk("init", tmp_path / "shop", "--simulate")
    running = Control(tmp_path / "shop" / "control.sock")
    running.answers({"ok": True})
    done = kiosk("rfid", *verb, "--state", tmp_path / "shop")
    running.close()
    told = "kiosk: a kiosk runs here and holds the reader: stop it first\n"
    assert (done.code, done.out, done.err) == (2, "", told)


@pytest.mark.parametrize("held", [b"\xff\xfe", b"gtin,epc,name,price\n\x00", b"a,b\n", b'"'])
def test_a_sheet_that_is_none_is_named_and_stays(held: bytes, tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    sheet.write_bytes(held)
    if b"\x00" in held:  # one more row to this reader of CSV, and kept as it is
        assert add(sheet, [TRAIL_MIX], "Mix", "5.99") == 1
        assert sheet.read_bytes().startswith(held)
        return
    with pytest.raises(StageError, match="choose another file"):
        add(sheet, [TRAIL_MIX], "Mix", "5.99")
    assert sheet.read_bytes() == held
