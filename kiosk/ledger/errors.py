"""What can go wrong in the ledger, split by what the caller does next.

LedgerError                 wrong use or configuration; nothing was changed
+-- LedgerWriteError        the disk or the rules refused; nothing was appended
|   +-- LedgerFullError     the disk is full; free space, then go on
|   +-- OutcomeTakenError   the visit has its one opening or its one closing event already
+-- LedgerCorruptError      what is stored is not what was signed; a person must look
+-- LedgerVersionError      a newer kiosk wrote this ledger
+-- CheckpointError         a text that is no checkpoint, or not signed by the log it names
"""


class LedgerError(Exception):
    """Root of the ledger's errors; one line: place, what is wrong, remedy."""

    exit_code: int = 2


class LedgerWriteError(LedgerError):
    """Nothing was appended; the ledger may be asked again."""

    exit_code = 3


class LedgerFullError(LedgerWriteError):
    """The disk is full; nothing was appended."""


class OutcomeTakenError(LedgerWriteError):
    """A visit has exactly one opening and one closing event (P3); nothing was appended."""


class LedgerCorruptError(LedgerError):
    """The stored ledger differs from what was signed."""

    exit_code = 1


class LedgerVersionError(LedgerError):
    """The ledger's schema is newer than this program."""


class CheckpointError(LedgerError):
    """The text is not a checkpoint, or not signed by the log it names."""

    exit_code = 1
