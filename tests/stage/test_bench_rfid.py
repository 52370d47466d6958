"""The bench of the decoders: rows, bars, and a stream that the decoders really read."""

from drivers.rfid import m100
from kiosk.stage.bench_rfid import ROUNDS, TAGS, run, uhf_stream


def test_every_protocol_is_far_above_its_line_and_cutting_changes_nothing() -> None:
    result = run()
    assert result["bench"] == "rfid"
    assert [row["what"] for row in result["rows"]] == ["m100", "r200", "rdm6300"]
    assert all(bar["ok"] for bar in result["bars"] if bar["bar"] == 0)
    assert all(row["frames"] >= ROUNDS * TAGS for row in result["rows"])


def test_the_stream_is_the_same_at_every_run() -> None:
    assert uhf_stream(m100.BB) == uhf_stream(m100.BB)
    assert uhf_stream(m100.BB) != uhf_stream(m100.AA)
