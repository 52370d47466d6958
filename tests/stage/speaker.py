"""A daemon's control socket with answers that a test chose; a real socket, no daemon."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

Answer = Callable[[Mapping[str, Any]], bytes | None]


class Speaker:
    """Answers each line by `answer`; None hangs up."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._answer = answer
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._run, name="speaker")
        self.asked: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            with caller, caller.makefile("rwb") as stream:
                while line := stream.readline():
                    question = json.loads(line)
                    self.asked.append(question)
                    answer = self._answer(question)
                    if answer is None:
                        break
                    stream.write(answer)
                    stream.flush()


def said(answer: Mapping[str, Any]) -> bytes:
    """Return an answer as a line."""
    return json.dumps(answer).encode() + b"\n"
