"""A timer for the loop that is exact to some ten microseconds.

uvloop's own timers, like those of every loop on epoll, count in whole milliseconds; latency from the intended send
time would be wrong by that much. Linux has timer file descriptors, exact to the clock's resolution.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Callable
from time import CLOCK_MONOTONIC, perf_counter

TFD_TIMER_ABSTIME = 1
TFD_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
ITIMERSPEC = struct.Struct("qqqq")  # interval and first expiry, each in seconds and nanoseconds


class Timer:
    """Calls back at a moment, which is a ``perf_counter`` (on Linux the same clock: CLOCK_MONOTONIC)."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, TFD_FLAGS)
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._expired)

    def set(self, when_s: float) -> None:
        """Call back at ``when_s``, once; a moment that has passed means at once."""
        if self._fd < 0:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_later(when_s - perf_counter(), self._callback)
            return
        seconds, nanoseconds = divmod(max(1, int(when_s * 1e9)), 10**9)
        value = ITIMERSPEC.pack(0, 0, seconds, nanoseconds)
        if self._libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, value, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _expired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # it was set anew after the loop had seen it expire
            return
        self._callback()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
