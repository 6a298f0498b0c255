"""The first token on a document that an earlier process read: our loop against the server-level path."""

import argparse
import time
from pathlib import Path

from beside import Run, asking, compare, document, opened, options, together


def main() -> None:
    asked = options(__doc__ or "", repeats=5)
    request = asking("How much cloth did the mill of Varn weave?", document(600), max_output_tokens=2)
    homes: dict[bool, Path] = {}

    def work(place: Path, loop: bool) -> Run:
        """The first process of each side reads the document; it is not timed."""
        import tempfile

        if loop not in homes:
            homes[loop] = Path(tempfile.mkdtemp())
            with opened(asked, homes[loop], loop) as engine:
                together(engine, [request])
        return _again(asked, homes[loop], loop, request)

    compare("restart", 1.0, asked, work, value="first")


def _again(asked: argparse.Namespace, home: Path, loop: bool, request: object) -> Run:
    started = time.monotonic()
    with opened(asked, home, loop) as engine:
        before = time.monotonic() - started
        run = together(engine, [request])  # type: ignore[list-item]
    return run._replace(first=run.first + before, seconds=run.seconds + before)


if __name__ == "__main__":
    main()
