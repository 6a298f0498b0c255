"""The gate of spliced passages: does a model answer as well from cells of passages that were read in another order?

    python -m measure.splice --data DIR                      # the default model; hours on two cores
    python -m measure.splice --data DIR -m smollm2-135m --limit 5

Five paragraphs are read in one order; then each question is asked of three of them in another: the same prompt, once
with their cells spliced and once with all of it read. The gate: the exact way gets some of 100 questions or more right,
and the token F1 of all falls by at most 0.02, at 95 % confidence. `--write` puts a model that passes into the list that
`load(NAME, splice=True)` looks at. A run that was stopped goes on. Exit status: 0 where the gate holds, 1 where not.
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
from omniloom.core.values import Constraint, Message, Request, Segment
from omniloom.evaluation.statistics import difference
from omniloom.evaluation.tasks.xquad import SCHEMA

LOSS, FEWEST = 0.02, 100
TOGETHER, EACH, SHOWN = 5, 2, 3  # paragraphs read, questions about each, paragraphs shown
WAYS: dict[str, Any] = {"exact": False, "spliced": "unmeasured"}
SYSTEM = "Answer the question with a name, a number or a few words of the numbered passages, as JSON."
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
    parser.add_argument("--limit", type=int, default=200, help="questions (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--write", action="store_true", help="list the model where the gate holds")
    asked = parser.parse_args(given)
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is not a folder")
    return asked


def measured(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A record a question: the F1 of both answers, the answers, and how many input tokens both read."""
    import omniloom as ol

    log = Log(f"splice-{asked.model}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        homes = {splice: Path(folder, name) for name, splice in WAYS.items()}
        opened = {s: ol.load(asked.model, home=homes[s], threads=asked.threads, splice=s) for s in homes}
        try:
            for group in list(_groups(asked.data))[: -(-asked.limit // (TOGETHER * EACH))]:
                ids = {sample["id"]: at for at, sample in enumerate(group)}
                if not ids.keys() <= log.done.keys():
                    opened["unmeasured"].engine.warm(_request(group[::EACH], ""))
                yield from log.each(ids, lambda key, group=group, ids=ids: _asked(opened, group, ids[key]))
        finally:
            for model in opened.values():
                model.close()


def _asked(opened: dict[Any, Any], group: list[dict[str, Any]], at: int) -> dict[str, Any]:
    sample, paragraphs = group[at], group[::EACH]
    shown = [paragraphs[(at // EACH + 1 - turn) % len(paragraphs)] for turn in range(SHOWN)]
    record: dict[str, Any] = {"digest": opened[False].engine.identity.split()[2], "group": sample["title"]}
    for name, splice in WAYS.items():
        *_, last = opened[splice].engine.stream(_request(shown, sample["question"]))
        usage = last.completion.usage
        answer = _answer(last.completion.text)
        record |= {name: token_f1(answer, sample["answers"]), f"{name} answer": answer, "tokens": usage.input_tokens}
        record[f"{name} read"] = usage.input_tokens - usage.cached_tokens
    return record


def _request(shown: Sequence[dict[str, Any]], question: str) -> Request:
    content: list[str | Segment] = []
    for number, sample in enumerate(shown, 1):
        content += [
            f"[{number}] ",
            Segment(source=sample["title"] + sample["id"], content=sample["context"], made_by="xquad/1"),
        ]
        content.append("\n")
    messages = Message(role="system", content=(SYSTEM,)), Message(role="user", content=(*content, f"\n{question}"))
    return Request(messages=messages, constraint=Constraint(kind="json_schema", value=SCHEMA), max_output_tokens=64)


def _answer(text: str) -> str:
    """Empty where the limit cut it."""
    with contextlib.suppress(ValueError):
        return str(json.loads(text)["answer"])
    return ""


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
        "answered": sum(score > 0 for score in exact),
        "holds": sum(score > 0 for score in exact) >= FEWEST and change.low >= -LOSS,
    }


def _groups(data: Path) -> Iterator[list[dict[str, Any]]]:
    """Two questions about each of five paragraphs, each paragraph once, in the order of the file."""
    lines = (data / "text" / "xquad_en.jsonl").read_text("utf-8").splitlines()
    about: dict[str, list[dict[str, Any]]] = {}
    for record in map(json.loads, lines):
        about.setdefault(record["context"], []).append(record)
    paragraphs = [records[:EACH] for records in about.values() if len(records) >= EACH]
    for at in range(0, len(paragraphs) - TOGETHER + 1, TOGETHER):
        yield [sample for records in paragraphs[at : at + TOGETHER] for sample in records]


if __name__ == "__main__":
    sys.exit(main())
