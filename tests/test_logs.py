"""Log lines are one JSON object each, and libraries do not chat."""

import json
import logging
import os
import pty
import re
import subprocess
import sys

import pytest

from kiosk.logs import OneLine, Plain

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


def test_a_person_reads_time_and_words_and_no_terminal_obeys_them() -> None:
    args = ("kiosk.daemon", logging.WARNING, __file__, 1, "device lost why=%s", ("\x1b[2J\ngone",))
    line = Plain().format(logging.LogRecord(*args, None))
    assert re.fullmatch(r"\d\d:\d\d:\d\d warning: device lost why=\\x1b\[2J\\ngone", line)


def test_a_person_sees_where_a_fault_was() -> None:
    fault = ZeroDivisionError("no such sum")
    args = ("kiosk.daemon", logging.INFO, __file__, 1, "it broke", ())
    lines = Plain().format(logging.LogRecord(*args, (type(fault), fault, None))).splitlines()
    assert lines[0].endswith(" it broke")
    assert lines[-1] == "ZeroDivisionError: no such sum"


def test_plain_lines_are_for_terminals_alone() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, "-c", SAY, "info"], stderr=theirs, check=True)
    os.close(theirs)
    told = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 0
    assert told.splitlines()[0].endswith(" error: it broke")
    assert "{" not in told
