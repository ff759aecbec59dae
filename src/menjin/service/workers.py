"""Several processes on the same sockets: forked, watched, started again, and ended together."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

_LOG = logging.getLogger("menjin.service")
_QUICK_SECONDS = 2.0  # one that ends sooner is not started again at once


class _Crew:
    """The workers of this process.

    Args:
        work: What each does; it ends at SIGTERM.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._began: dict[int, float] = {}
        self._is_ending = False
        self._watched, self._held = os.pipe()  # nobody writes: its end tells the workers that we are gone

    def run(self, count: int) -> None:
        """Start `count`, and again each that ends, until told to end; then wait for them all."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for _ in range(count):
            self._start()
        while self._began:
            pid, status = os.wait()
            began = self._began.pop(pid, None)
            if began is None or self._is_ending:
                continue
            _LOG.error("worker %s ended with %s; starting another", pid, os.waitstatus_to_exitcode(status))
            if time.monotonic() - began < _QUICK_SECONDS:
                time.sleep(1)
            if not self._is_ending:  # a signal may have come meanwhile
                self._start()

    def _start(self) -> None:
        pid = os.fork()
        if pid:
            self._began[pid] = time.monotonic()
            if self._is_ending:  # the signal came while it was forked
                os.kill(pid, signal.SIGTERM)
            return
        status = 1
        try:
            os.close(self._held)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            threading.Thread(target=self._outlive_nobody, name="menjin-parent", daemon=True).start()
            self._work()
            status = 0
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except KeyboardInterrupt:
            status = 0
        except BaseException as error:  # noqa: BLE001 - a forked child must never run on in its parent's code
            _LOG.error("a worker failed: %s", type(error).__name__)
        finally:
            os._exit(status)

    def _outlive_nobody(self) -> None:
        os.read(self._watched, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._is_ending = True
        for pid in tuple(self._began):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def run_workers(count: int, work: Callable[[], None]) -> None:
    """Run `work` in `count` forked processes until SIGTERM or SIGINT.

    Args:
        count: How many; one that ends is started again.
        work: Ends in good order at SIGTERM. Called in a process that has no loop and no other thread.
    """
    _Crew(work).run(count)
