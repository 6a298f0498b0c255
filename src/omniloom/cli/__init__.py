"""The door with a handle: `omniloom VERB`, one file per verb."""

import os
import signal
import threading

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Runs the command line and exits. Ctrl-C while it is still being imported ends it quietly too."""
    heard = signal.getsignal(signal.SIGINT)
    listens = heard is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if listens:
        signal.signal(signal.SIGINT, _leave)  # an import that is interrupted tells it in many ways; nothing runs yet
    from omniloom.cli.app import main as run

    try:
        if listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    except KeyboardInterrupt:  # a second one, or before there was anything to end
        _leave()


def _leave(*_: object) -> None:
    os.write(2, b"cancelled\n")
    os._exit(_INTERRUPTED)
