"""Log lines are one JSON object each, and libraries do not chat."""

import json
import subprocess
import sys

import pytest

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
