"""The gate of spliced passages: does a model answer as well from cells of passages that were read in another order?

    python -m measure.splice --data DIR                      # the default model; hours on two cores
    python -m measure.splice --data DIR -m smollm2-135m --limit 5

Five paragraphs are read in one order; then each question is asked of three of them in another, once with their cells
spliced and once with all of them read. The gate: the token F1 of 100 questions or more falls by at most 0.02, at 95 %
confidence. `--write` puts a model that passes into the list that `load(NAME, splice=True)` looks at. A run that was
stopped goes on. Exit status: 0 where the gate holds, 1 where it does not.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure.log import Log
from measure.scoring import token_f1
from omniloom.core.errors import OutputError
from omniloom.evaluation.statistics import difference
from omniloom.evaluation.tasks.xquad import SCHEMA

LOSS, FEWEST, TOGETHER, SHOWN = 0.02, 100, 5, 3
LIST = Path(__file__).parents[1] / "src" / "omniloom" / "engines" / "llamacpp" / "splicing.json"


def main(given: Sequence[str] | None = None) -> int:
    asked = options(given)
    found = list(measured(asked))
    told = verdict(found)
    print(json.dumps(told, indent=2))
    if asked.write and told["holds"]:
        known = json.loads(LIST.read_text("utf-8")) | {found[0]["digest"]: {"model": asked.model} | told}
        LIST.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    return 0 if told["holds"] else 1


def options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m measure.splice", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of the form of the development data")
    parser.add_argument("--model", "-m", default="default", help="a catalog name (%(default)s)")
    parser.add_argument("--limit", type=int, default=120, help="questions (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--write", action="store_true", help="list the model where the gate holds")
    asked = parser.parse_args(given)
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is not a folder")
    return asked


def measured(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A record a question: the F1 of both answers, whether they are the same, and the input tokens that both read."""
    import omniloom as ol

    groups = list(_groups(asked.data))[: -(-asked.limit // TOGETHER)]
    log = Log(f"splice-{asked.model}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = {splice: Path(folder, splice or "exact") for splice in ("unmeasured", "")}
        opened = {s: ol.load(asked.model, home=home[s], threads=asked.threads, splice=s or False) for s in home}
        digest = opened[""].engine.identity.split()[2]
        try:
            for group in groups:
                if any(sample["id"] not in log.done for sample in group):
                    opened["unmeasured"].warm([_source(sample) for sample in group])
                ids = {sample["id"]: at for at, sample in enumerate(group)}
                yield from log.each(ids, lambda key, group=group, ids=ids: _asked(opened, group, ids[key], digest))
        finally:
            for model in opened.values():
                model.close()


def _asked(opened: dict[str, Any], group: list[dict[str, Any]], at: int, digest: str) -> dict[str, Any]:
    sample = group[at]
    shown = [_source(group[(at + 1 - turn) % len(group)]) for turn in range(SHOWN)]
    record: dict[str, Any] = {"digest": digest, "group": sample["title"]}
    for splice, model in opened.items():
        name, answer, read = "spliced" if splice else "exact", "", 0
        with contextlib.suppress(OutputError):  # cut by the limit: no answer
            response = model.generate([sample["question"], *shown], schema=SCHEMA, max_output_tokens=96)
            answer = (response.data or {}).get("answer", "")
            read = response.usage.input_tokens - response.usage.cached_tokens
        record |= {name: token_f1(answer, sample["answers"]), f"{name} answer": answer, f"{name} read": read}
    return record


def verdict(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is printed, and listed for a model that passes."""
    spliced, exact = ([record[name] for record in records] for name in ("spliced", "exact"))
    change = difference(spliced, exact, [record["group"] for record in records], level=0.9)
    read = [sum(record[f"{name} read"] for record in records) for name in ("spliced", "exact")]
    return {
        "F1 spliced": round(sum(spliced) / len(records), 3),
        "F1 exact": round(sum(exact) / len(records), 3),
        "change": [round(change.value, 3), round(change.low, 3), round(change.high, 3)],
        "same answers": round(sum(r["spliced answer"] == r["exact answer"] for r in records) / len(records), 3),
        "tokens read": read,
        "n": len(records),
        "holds": len(records) >= FEWEST and change.low >= -LOSS,
    }


def _groups(data: Path) -> Iterator[list[dict[str, Any]]]:
    """Five questions about five paragraphs, each paragraph once, in the order of the file."""
    lines = (data / "text" / "xquad_en.jsonl").read_text("utf-8").splitlines()
    first: dict[str, dict[str, Any]] = {}
    for record in map(json.loads, lines):
        first.setdefault(record["context"], record)
    samples = list(first.values())
    for at in range(0, len(samples) - TOGETHER + 1, TOGETHER):
        yield samples[at : at + TOGETHER]


def _source(sample: dict[str, Any]) -> Any:
    import omniloom as ol

    return ol.Text(sample["context"].encode(), name=f"{sample['title']} {sample['id'][:6]}.txt")


if __name__ == "__main__":
    sys.exit(main())
