"""The acceptance table of thinking: strategies against the direct answer, and against the plain model with the sources
pasted in, on the same weights.

    python -m measure.thinking --data DIR                        # hours on two cores; a run that was stopped goes on
    python -m measure.thinking --data DIR --limit 8 --only wtq   # minutes

Exit status: 0 where every floor holds, 1 where ours misses one, 4 where none is missed but some could not be measured.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import omniloom as ol
from measure.thinking.rows import rows
from measure.trust.going import Answers, add_peers, at_most, close_all, gone, tasks_of
from measure.trust.sides import Ours, Peer, Side
from measure.trust.table import as_json, markdown, status, text

DEFAULTS = {"wtq": 160, "tatqa": 80, "gsm8k": 60}
TABLES = ("wtq", "tatqa")
"""Of which the plain model can be asked: there are sources to paste in."""


def main(given: Sequence[str] | None = None) -> int:
    asked = options(given)
    names, counts = asked.only or list(DEFAULTS), at_most(asked.limit, DEFAULTS)
    opened = sides(asked)
    try:
        found = list[Answers]()
        for name, task in tasks_of(names).items():
            able = [side for side in opened if name in TABLES or isinstance(side, Ours)]
            found += gone(able, {name: task}, asked.data, counts)
    finally:
        close_all(opened)
    table, shown = rows(found), [side.name for side in opened]
    whole = as_json(table, shown, found, model=asked.model or "default", data=str(asked.data))
    (asked.out / "thinking.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    (asked.out / "thinking.md").write_text(markdown(table, shown) + "\n")
    print(text(table, shown))
    return status(table)


def sides(asked: argparse.Namespace) -> list[Side]:
    """Ours by program, ours directly, and the plain model where it starts."""
    logs, tasks = asked.out / "logs", tasks_of(list(DEFAULTS))
    logs.mkdir(parents=True, exist_ok=True)
    model = ol.load(asked.model, home=asked.out / "home", threads=asked.threads)
    opened: list[Side] = [
        Ours(model, logs, asked.data, tasks, strategy="program"),
        Ours(model, logs, asked.data, tasks, "direct"),
    ]
    try:
        add_peers(opened, asked, lambda peer, mark: Peer(peer, logs, model.store, tasks, mark), model.engine.name)
    except BaseException:
        close_all(opened)
        raise
    return opened


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m measure.thinking", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of the form of the development data")
    parser.add_argument("--limit", type=int, help="of every task at most so many samples")
    parser.add_argument("--only", action="append", choices=list(DEFAULTS), help="a task; may be repeated")
    parser.add_argument("--without", action="append", default=[], choices=["plain"], help="a peer to leave out")
    parser.add_argument("--out", type=Path, default=Path(".measure") / "thinking", help="logs, tables (%(default)s)")
    parser.add_argument("--model", "-m", default=None, help="a catalog name; the embedded default without")
    parser.add_argument("--threads", type=int, default=2, help="of every side (%(default)s)")
    asked = parser.parse_args(given, argparse.Namespace(peer_python=""))
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is not a folder")
    if asked.limit is not None and asked.limit < 1:
        parser.error("--limit must be 1 or more")
    return asked


if __name__ == "__main__":
    sys.exit(main())
