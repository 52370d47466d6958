"""Runs the program in this process, as its entry point does."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from kiosk.__main__ import main
from tests.environment import environment


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str


Kiosk = Callable[..., Done]


@pytest.fixture
def kiosk(capsys: pytest.CaptureFixture[str]) -> Iterator[Kiosk]:
    """Yield the program `kiosk`, without what the caller's environment would configure."""
    ours = [name for name in os.environ if name.upper().startswith("KIOSK_")]

    def call(*words: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        code = ended.value.code
        told = capsys.readouterr()
        return Done(code if isinstance(code, int) else 0, told.out, told.err)

    with environment(COLUMNS="200", NO_COLOR="1", **dict.fromkeys(ours)):
        yield call
