"""Slow calls on threads of their own, one small pool per peer, so that none delays another."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

log = logging.getLogger(__name__)

PER_PEER: Final = 4  # DESIGN 5: at most four workers a peer


class Workers:
    """A pool for one peer. A job that finds every worker busy is refused, never queued for long.

    Args:
        peer: Name for threads and logs.
        count: Workers of this peer.
    """

    def __init__(self, peer: str, count: int = PER_PEER) -> None:
        self.peer = peer
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=peer)
        self._free = threading.BoundedSemaphore(count)
        self._count = count
        self._busy = 0
        self._guard = threading.Lock()

    def submit(self, job: Callable[[], None]) -> bool:
        """Run `job` on a worker; False when all are busy: the caller says so at once."""
        if not self._free.acquire(blocking=False):
            return False
        with self._guard:
            self._busy += 1
        try:
            self._pool.submit(job).add_done_callback(self._done)
        except RuntimeError:  # the pool was stopped: the same as no free worker
            with self._guard:
                self._busy -= 1
            self._free.release()
            return False
        return True

    @property
    def busy(self) -> int:
        """How many jobs run now."""
        with self._guard:
            return self._busy

    def stop(self) -> None:
        """Wait for running jobs, which end by their own deadlines; take no new one."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _done(self, future: Future[None]) -> None:
        with self._guard:
            self._busy -= 1
        self._free.release()
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("worker failed peer=%s error=%s", self.peer, type(error).__name__)
