"""The options that all acceptance tables have."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path


def parser(prog: str, description: str, tasks: Iterable[str], out: str) -> argparse.ArgumentParser:
    """out: the folder of logs and tables, below `.measure`."""
    made = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--data", type=Path, required=True, help="a folder of the form of the development data")
    made.add_argument("--limit", type=int, help="of every task at most so many samples")
    made.add_argument("--only", action="append", choices=list(tasks), help="a task; may be repeated")
    made.add_argument("--without", action="append", default=[], choices=["plain"], help="a peer to leave out")
    made.add_argument("--out", type=Path, default=Path(".measure") / out, help="logs and tables (%(default)s)")
    made.add_argument("--model", "-m", default=None, help="a catalog name; the embedded default without")
    made.add_argument("--threads", type=int, default=2, help="of every side (%(default)s)")
    made.set_defaults(peer_python="")
    return made


def parsed(made: argparse.ArgumentParser, given: Sequence[str] | None) -> argparse.Namespace:
    asked = made.parse_args(given)
    if not asked.data.is_dir():
        made.error(f"{asked.data} is not a folder")
    if asked.limit is not None and asked.limit < 1:
        made.error("--limit must be 1 or more")
    return asked
