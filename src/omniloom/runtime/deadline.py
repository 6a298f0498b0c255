"""What ends a call before it is done: its caller, or the end of its time."""

import math
import time
from threading import Event as Flag
from threading import Lock, Timer

from omniloom.core.errors import BudgetError, CancelledError

_LOOKS = 0.05  # seconds between two looks at a flag of another's


class _Stop(Flag):
    """A flag that is also set where another one is, which it leaves as it is."""

    def __init__(self, other: Flag) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            super().wait(min(left, _LOOKS))
        return self.is_set()


class Deadline:
    """Of one call. cancel: the flag that ends what runs, set by the caller's or when the time is used up.

    holds: whether an answer is at hand, which may be given without what would still be asked. Then the end of the time
    is no error: the call concludes, it finishes what it has and computes nothing more.
    """

    def __init__(self, callers: Flag, seconds: float | None) -> None:
        self.cancel = _Stop(callers)
        self.hit = self.holds = self.concluding = False
        self._callers, self._seconds, self._began = callers, seconds, time.monotonic()
        self._lock = Lock()
        self._timer: Timer | None = None
        if seconds is not None:
            self._timer = Timer(seconds, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
            if not self.concluding:
                self.hit = True
                self.cancel.set()

    @property
    def left(self) -> float:
        """Seconds until it ends."""
        return math.inf if self._seconds is None else self._seconds - (time.monotonic() - self._began)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> None:
        """Raises what stopped this call: BudgetError at the deadline, CancelledError when the caller cancelled."""
        stopped = self.cancel.is_set()  # read first: the deadline sets it last
        if self.hit and not self.concluding:
            if not self.holds:
                raise self.late()
            self.concludes()
            stopped = self._callers.is_set()
        if stopped:
            raise CancelledError("the call was cancelled")

    def computes(self) -> None:
        """Raises as `check` does, and BudgetError where nothing more is computed."""
        self.check()
        if self.concluding:
            raise self.late()

    def concludes(self) -> bool:
        with self._lock:
            if self.hit and not self.concluding:
                self.concluding = True
                self.cancel = _Stop(self._callers)  # the other stays set, for what still runs
        return self.concluding

    def late(self) -> BudgetError:
        return BudgetError(
            f"the time budget of {self._seconds:.12g} s is used up", hint="raise it, or give fewer inputs"
        )
