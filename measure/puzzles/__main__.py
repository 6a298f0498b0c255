"""Puzzles in words, each by `solve` and by `direct`: how often either is right, and for how many tokens.

    python -m measure.puzzles --out DIR               # most of an hour on one thread; a run that was stopped goes on
    python -m measure.puzzles --out DIR --limit 6     # minutes

An answer counts as right where its conclusion names what is wanted. Read the rows: who states a wrong answer beside the
wanted word counts as right here, and a script cannot see it.
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import omniloom as ol
from omniloom.core.errors import OmniloomError
from omniloom.reasoning.sample import conclusion
from omniloom.runtime.model import Model

PUZZLES = Path(__file__).parent / "puzzles.jsonl"
STRATEGIES = ("solve", "direct")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*")


def is_right(text: str, wanted: str) -> bool:
    """Whether the last sentence of the conclusion names it; of several numbers the last one counts."""
    said = conclusion(text).strip().rstrip(".")
    last = _SENTENCE.split(said.splitlines()[-1] if said else "")[-1]
    if not wanted.isdigit():
        return re.search(rf"\b{re.escape(wanted)}\b", last, re.IGNORECASE) is not None
    return [each.replace(",", "") for each in _NUMBER.findall(last)][-1:] == [wanted]


def asked(model: Model, puzzle: dict[str, Any], strategy: str) -> dict[str, Any]:
    row = {"id": puzzle["id"], "kind": puzzle["kind"], "strategy": strategy, "wanted": puzzle["answer"]}
    began = time.monotonic()
    try:
        made = model.generate(puzzle["question"], strategy=strategy)
    except OmniloomError as error:
        return row | {"right": False, "error": str(error)}
    usage = made.usage
    return row | {
        "right": is_right(made.text, puzzle["answer"]),
        "text": made.text,
        "solved": any(each.derived for each in made.claims),
        "problem": "; ".join(each.derived for each in made.claims),
        "losses": [each.kind for each in made.losses],
        "input": usage.input_tokens - usage.cached_tokens,
        "output": usage.output_tokens,
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    given = argparse.ArgumentParser(prog="python -m measure.puzzles", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    given.add_argument("--out", type=Path, required=True, help="where rows are kept, and found again")
    given.add_argument("--model", "-m", default=None, help="a catalog name; the embedded default without")
    given.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    given.add_argument("--limit", type=int, default=None, help="how many puzzles; all without")
    options = given.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "puzzles.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["id"], row["strategy"]) for row in rows}
    puzzles = [json.loads(line) for line in PUZZLES.read_text().splitlines()][: options.limit]
    wanted = [(puzzle, way) for puzzle in puzzles for way in STRATEGIES if (puzzle["id"], way) not in done]
    with ol.load(options.model, home=options.out / "home", threads=options.threads) as model, kept.open("a") as file:
        for puzzle, way in wanted:
            rows.append(asked(model, puzzle, way))
            file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
            file.flush()
            print(rows[-1], file=sys.stderr, flush=True)
    for way in STRATEGIES:
        own = [row for row in rows if row["strategy"] == way]
        tokens = sum(row.get("output", 0) for row in own) / max(len(own), 1)
        read = sum(row.get("input", 0) for row in own) / max(len(own), 1)
        solved = sum(row.get("solved", False) for row in own)
        print(f"{way}: {sum(row['right'] for row in own)} of {len(own)} right, {solved} solved, "
              f"{tokens:.0f} tokens written and {read:.0f} read for each")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
