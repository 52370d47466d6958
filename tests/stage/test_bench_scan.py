"""The bench of a scan, on the real services: its rows, and what is taken off."""

from kiosk.stage.bench_scan import run


def test_the_software_s_part_is_what_network_and_disk_leave() -> None:
    result = run(scans=20)
    assert result["bench"] == "scan"
    rows = {row["what"]: row for row in result["rows"]}
    assert list(rows) == ["token to edge", "provider's answer", "one durable commit", "software"]
    assert {row["count"] for what, row in rows.items() if "commit" not in what} == {20}
    assert rows["token to edge"]["median_ms"] > rows["provider's answer"]["median_ms"] > 0
    assert rows["one durable commit"]["median_ms"] > 0
    (bar,) = result["bars"]
    assert (bar["value"], bar["bar"]) == (rows["software"]["median_ms"], 10.0)
    assert bar["ok"] is (bar["value"] <= 10.0)
