"""The program `kiosk`: every error becomes one plain line and an exit code."""

import errno
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import Final, TextIO

from kiosk.cli import usage
from kiosk.cli.app import NOUNS, Noun, build
from kiosk.cli.spelling import spelled
from kiosk.core.printable import printable

FAULT_EXIT_CODE: Final = 70  # sysexits.h EX_SOFTWARE: a fault of ours, none of the caller's
CTRL_C_EXIT_CODE: Final = 130  # what shells say of Ctrl-C
CLOSED_EXIT_CODE: Final = 141  # what shells say of a writer whose reader has gone, as in `| head`
DISK_ERRORS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def main(arguments: Sequence[str] | None = None, nouns: Mapping[str, Noun] = NOUNS) -> None:
    """Run one command and exit with its code; no traceback but with KIOSK_DEBUG=1."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    out = sys.stdout
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="backslashreplace")  # a file name may hold bytes that are no text
    try:
        program = build(words or _words_to_complete(), nouns)
        code = program(
            args=words,
            prog_name=spelled(),
            complete_var="_KIOSK_COMPLETE",
            standalone_mode=False,
        )
        _flush(out)
    except KeyboardInterrupt:
        sys.exit(CTRL_C_EXIT_CODE)
    except SystemExit as ended:
        # Typer puts another stream in place of one that nobody reads, and says 1.
        sys.exit(ended.code if sys.stdout is out else CLOSED_EXIT_CODE)
    except BrokenPipeError:
        _let_go(out)
        sys.exit(CLOSED_EXIT_CODE)
    except Exception as error:
        if os.environ.get("KIOSK_DEBUG") == "1":
            raise
        sys.exit(_explain(error, words, nouns))
    sys.exit(code)


def _flush(out: TextIO) -> None:
    """Write out what is still held, while somebody can be told that it did not go."""
    if isinstance(out, TextIOWrapper):  # None when the shell closed it
        out.flush()


def _explain(error: Exception, words: Sequence[str], nouns: Mapping[str, Noun]) -> int:
    """Print an error in one line for each thing that is wrong; return the exit code."""
    code = getattr(error, "exit_code", None)
    if hasattr(error, "format_message"):  # Typer's, of words that cannot be
        code, text = 2, usage.told(error, words, nouns)
    elif isinstance(code, int):
        text = str(error) or type(error).__name__
    elif isinstance(error, OSError) and error.filename is not None:
        code, text = 2, f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError) and error.errno in DISK_ERRORS:
        code, text = 2, f"{error.strerror}: it was not written; make room and try again"
        _let_go(sys.stdout)
    else:
        # The message of an unknown error may hold a token or a name, so it is not shown.
        code = FAULT_EXIT_CODE
        text = f"fault at {_place(error)}: {type(error).__name__} (KIOSK_DEBUG=1 shows all of it)"
    for line in text.splitlines():
        sys.stderr.write(f"kiosk: {printable(line)}\n")
    return code


def _let_go(out: TextIO) -> None:
    """Drop what standard output still holds, or the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _place(error: Exception) -> str:
    """File and line where an error came up."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def _words_to_complete() -> list[str]:
    """Return what the shell asks to complete: the words come in its variables, not as arguments."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:]


if __name__ == "__main__":
    main()
