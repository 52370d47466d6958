"""A text screen: a console (tty) or a file that holds what is shown."""

import os
import stat
import textwrap
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from drivers.base import DeviceUnavailableError, Health
from drivers.options import Options, text

CLEAR: Final = "\x1b[2J\x1b[H"  # ECMA-48: erase the page, cursor home
BLANK: Final = CLEAR + "\x1b[?25l"  # and hide the cursor
COLUMNS: Final = 80
LINES: Final = 24
TEXT_FILE_MODE: Final = 0o644


def plain(line: str) -> str:
    """Return `line` without control, format and bidirectional characters."""
    kept = (each if unicodedata.category(each)[0] != "C" else " " for each in line)
    return " ".join("".join(kept).split())


def folded(line: str) -> list[str]:
    """Return `line` as rows of the screen, plain, broken between words where it is too long."""
    return textwrap.wrap(plain(line), COLUMNS, break_on_hyphens=False) or [""]


class ConsoleScreen:
    """Writes to a tty without ever waiting for it; option `path`, /dev/tty1 when unset."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._path = text(
            name, {key: value for key, value in options.items() if value}, "path", "/dev/tty1"
        )
        self._fd: int | None = None
        self._is_file = False
        self._fault = ""
        self._counts = {"opens": 0, "shown": 0, "dropped": 0}

    def open(self) -> None:
        """Open and blank the console.

        Raises:
            DeviceUnavailableError: It cannot be opened for writing.
        """
        self.close()
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        path = Path(self._path)
        # A terminal that is not there must not become a file in its place.
        is_text_file = not path.is_symlink() and not path.is_relative_to("/dev")
        try:
            self._fd = os.open(path, flags | os.O_CREAT * is_text_file, TEXT_FILE_MODE)
            self._is_file = stat.S_ISREG(os.fstat(self._fd).st_mode)
        except OSError as error:
            raise DeviceUnavailableError(
                self.name, f"{self._path}: {error.strerror} (may this account write there?)"
            ) from error
        self._counts["opens"] += 1
        self._write(self._page((), BLANK))

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Replace what is shown; a console that takes nothing is counted, never waited for."""
        rows = [row for line in (title, "", *lines) for row in folded(line)][:LINES]
        if self._fd is not None:
            self._write(self._page(rows))
            self._counts["shown"] += 1

    def close(self) -> None:
        """Blank and close; may be called twice and raises nothing."""
        if self._fd is None:
            return
        self._write(self._page(()))
        with suppress(OSError):
            os.close(self._fd)
        self._fd = None

    def health(self) -> Health:
        """State and counters: shown, dropped."""
        if self._fd is None:
            return Health(False, "closed", None, dict(self._counts))
        return Health(not self._fault, self._fault or "shown", None, dict(self._counts))

    def _page(self, rows: Sequence[str], before: str = CLEAR) -> str:
        """Return what is written: a file needs no codes, since it holds one page at a time."""
        if self._is_file:
            return "".join(f"{row}\n" for row in rows)
        return before + "".join(f"{row}\r\n" for row in rows)

    def _write(self, page: str) -> None:
        data = page.encode("utf-8", "replace")
        try:
            if self._fd is None:
                return
            if self._is_file:
                os.ftruncate(self._fd, 0)
                os.lseek(self._fd, 0, os.SEEK_SET)
            written = os.write(self._fd, data)
            self._fault = ""
        except OSError as error:
            written = 0
            self._fault = f"the console takes nothing ({error.strerror})"
        self._counts["dropped"] += written < len(data)
