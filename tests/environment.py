"""The environment of this process, changed for a while and put back as it was."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def environment(**changes: str | None) -> Iterator[None]:
    """Set variables, or take out those that are None; afterwards every variable is as before.

    What else is changed in `os.environ` meanwhile is put back too.
    """
    before = dict(os.environ)
    try:
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
