"""What a disk may hold after a power cut, worked out from one recording of the system calls.

A write is certain once its file was flushed after it. Until then the device may have kept all of
it, nothing, some writes and not others, or part of one, cut at a sector.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STRACE = shutil.which("strace") or ""
CALLS = "openat,close,pwrite64,fdatasync,fsync,ftruncate,unlink,write"
KEPT = {".db", ".db-wal", ".db-journal", ".lock"}
SECTOR = 512
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Step:
    """One system call on a file of the ledger, or an acknowledgement ("ack")."""

    call: str
    name: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Disk:
    """The files as far as they are certain, and the writes that are not yet."""

    certain: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Step]] = field(default_factory=dict)
    acked: int = 0

    def take(self, step: Step) -> None:
        """Follow one step."""
        match step.call:
            case "ack":
                self.acked += 1
            case "create":
                self.certain.setdefault(step.name, bytearray())
                self.pending.setdefault(step.name, [])
            case "unlink":
                self.certain.pop(step.name, None)
                self.pending.pop(step.name, None)
            case "sync":
                for write in self.pending[step.name]:
                    put(self.certain[step.name], write)
                self.pending[step.name] = []
            case _:
                self.pending[step.name].append(step)

    def after_cut(self, luck: random.Random, way: str) -> dict[str, bytes]:
        """One content that the files may have when the power comes back."""
        found: dict[str, bytes] = {}
        for name, content in self.certain.items():
            kept = bytearray(content)
            for write in self.pending[name]:
                if way == "all" or (way != "none" and luck.random() < 0.5):
                    put(kept, torn(write, luck) if way == "torn" else write)
            found[name] = bytes(kept)
        return found


def put(content: bytearray, step: Step) -> None:
    """Carry out one write or truncation."""
    if step.call == "truncate":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    content.extend(bytes(max(0, step.offset - len(content))))
    content[step.offset : step.offset + len(step.data)] = step.data


def torn(step: Step, luck: random.Random) -> Step:
    """The write, cut off after some of its sectors."""
    sectors = -(-len(step.data) // SECTOR)
    kept = luck.randint(0, sectors) * SECTOR
    return Step(step.call, step.name, step.offset, step.data[:kept])


def record(directory: Path, count: int, mode: str) -> list[Step]:
    """Run the writer in `mode` and return what it did to its files."""
    log = directory.parent / f"{directory.name}.strace"
    watch = [STRACE, "-f", "-qq", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-o", str(log)]
    work = [sys.executable, "-m", "tests.ledger.writer", str(directory), str(count), mode]
    subprocess.run([*watch, *work], check=True, capture_output=True, timeout=100, env=unmeasured())
    return list(steps(log.read_text(encoding="ascii").splitlines(), directory))


def unmeasured() -> dict[str, str]:
    """The environment without what makes coverage measure a process: these are killed."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def steps(lines: list[str], directory: Path) -> Iterator[Step]:
    """Read a recording; files outside the directory and shared memory are left out."""
    names: dict[str, str] = {}
    for line in lines:
        found = _CALL.match(line)
        if found is None or found[3].startswith("-"):
            continue
        call, rest, texts = found[1], found[2], _TEXT.findall(found[2])
        handle = rest.partition(",")[0]
        if call == "openat":
            path = Path(unhex(texts[0]).decode())
            names.pop(found[3], None)
            if path.parent == directory and path.suffix in KEPT:
                names[found[3]] = path.name
                yield Step("create", path.name)
        elif call == "close":
            names.pop(handle, None)
        elif call == "unlink":
            path = Path(unhex(texts[0]).decode())
            if path.parent == directory:
                yield Step("unlink", path.name)
        elif call == "write" and handle == "1":
            yield from [Step("ack")] * unhex(texts[0]).count(b"ack ")
        elif handle in names:
            yield on_file(call, names[handle], rest, texts)


def on_file(call: str, name: str, rest: str, texts: list[str]) -> Step:
    """The step of a call on an open file."""
    last = int(rest.rpartition(",")[2]) if "," in rest else 0
    match call:
        case "pwrite64":
            return Step("write", name, last, unhex(texts[0]))
        case "ftruncate":
            return Step("truncate", name, last)
        case _:
            return Step("sync", name)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
