"""Log lines are one JSON object each, and libraries do not chat."""

import json
import logging
import subprocess
import sys

import pytest

from kiosk.logs import OneLine

SAY = """
import logging, sys
from kiosk import logs
logs.configure(sys.argv[1])
logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
logging.getLogger("uvicorn.error").info("Started server process")
logging.getLogger("uvicorn.error").error("it broke")
logging.getLogger("kiosk.hub").info("graces ended\\r\\n\\x1b[2J")
"""


def said(level: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SAY, level], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def event(line: str) -> str:
    return str(json.loads(line.partition(">")[2])["event"])


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("info", ["it broke", "graces ended\r\n\x1b[2J"]),
        ("warning", ["it broke"]),
    ],
)
def test_t27_one_event_is_one_line_and_libraries_are_quiet(level: str, events: list[str]) -> None:
    lines = said(level)
    assert [event(line) for line in lines] == events
    assert lines[0].startswith("<3>"), "the priority that journald reads"


def test_whoever_looks_for_a_fault_hears_the_libraries_too() -> None:
    assert len(said("debug")) == 4


def test_a_traceback_is_a_text_of_its_one_line() -> None:
    fault = ZeroDivisionError("no such sum")
    told = (type(fault), fault, None)
    args = ("kiosk.daemon", logging.ERROR, __file__, 1, "it broke in %s", ("two\nlines",))
    record = logging.LogRecord(*args, told)
    line = OneLine().format(record)
    assert line.startswith("<3>{")
    assert "\n" not in line
    said = json.loads(line[3:])
    assert said["event"] == "it broke in two\nlines"
    assert "ZeroDivisionError: no such sum" in said["exception"]
    assert said["timestamp"].endswith("+00:00")
