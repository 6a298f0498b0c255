"""The cap of a reasoning budget: many runs of a real model, with a schema and without one.

    python -m measure.cap --runs 1000 --model smollm2-135m    # minutes
    python -m measure.cap --runs 60                           # the default model

Exit status 0 if no run thought a token more than was paid for, every answer is what was drawn for it and nothing of
what was drawn for the thought, and every answer in JSON was valid; 1 otherwise. A small model may say its notes again
in its answer; that is counted as well.
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

import omniloom as ol
from omniloom.core.errors import OmniloomError
from omniloom.runtime.model import Model

LARGEST, ANSWER = 64, 48
"""Tokens: the largest budget, and those of an answer."""
_MAY_FAIL = 0.05
"""Share of the runs that may end without an answer: JSON that has no room is an error."""
_FEW_WORDS = 5
_TAGS = ("<think>", "</think>", "<|think")
_NAMES = ("Ann", "Bo", "Cleo", "Dag", "Eve", "Finn")
_THINGS = ("apples", "books", "tickets", "bolts")


class Ran(NamedTuple):
    """tokens: as `usage` says. spelled: how many tokens were drawn for what was thought, which they spell; a count that
    is not that of `usage`. What the text takes when it is made into tokens anew says nothing: drawn tokens need not be
    those that a text is cut into. valid: JSON that fits its schema, and tokens that spell the thought."""

    budget: int
    tokens: int
    spelled: int
    leaked: bool
    repeats: bool
    valid: bool
    failed: str

    @property
    def above(self) -> bool:
        return max(self.tokens, self.spelled) > self.budget


def problem(draw: random.Random) -> tuple[str, dict[str, Any] | None]:
    """A question that needs a step or two, and perhaps a schema for its answer."""
    name, thing = draw.choice(_NAMES), draw.choice(_THINGS)
    have, more = draw.randint(2, 90), draw.randint(2, 90)
    said = f"{name} has {have} {thing}, gets {more} more and gives half of all away. How many {thing} are left?"
    return said, draw.choice(
        [None, {"type": "object", "properties": {"left": {"type": "integer", "minimum": 0, "maximum": 999}},
                "required": ["left"], "additionalProperties": False},
         {"type": "object", "properties": {"name": {"enum": list(_NAMES)}, "more": {"type": "boolean"}},
          "required": ["name", "more"], "additionalProperties": False}]
    )  # fmt: skip


def run(model: Model, seed: int) -> Ran:
    draw = random.Random(seed)  # noqa: S311 - which problem is asked is no secret
    said, schema = problem(draw)
    budget = draw.choice((0, 1, 2, 3, draw.randint(4, LARGEST), LARGEST))
    sampling = {"temperature": draw.choice((0.0, 0.8)), "top_logprobs": 1}
    asked: dict[str, Any] = {"sampling": sampling, "seed": seed, "max_output_tokens": ANSWER}
    try:
        made = model.generate(said, schema=schema, reasoning_budget=budget, strategy="direct", **asked)
    except OmniloomError as error:  # an answer that has no room is cut, and says so
        return Ran(budget, 0, 0, False, False, True, error.code)
    drawn, thought, answer = _drawn(model, made.trace_id)
    text = json.dumps(made.data) if schema else made.text
    given = json.dumps(json.loads(answer)) if schema else answer.strip()
    leaked = text.strip() != given or any(tag in text for tag in _TAGS)
    repeats = len(thought.split()) > _FEW_WORDS and thought.strip() in text
    valid = schema is None or jsonschema.Draft202012Validator(schema).is_valid(made.data)
    spells = "".join(drawn) == thought or model.engine.capabilities.reasoning  # whose thoughts come without tokens
    return Ran(budget, made.usage.reasoning_tokens, len(drawn), leaked, repeats, valid and spells, "")


def _drawn(model: Model, trace: str) -> tuple[list[str], str, str]:
    """The tokens of what was thought on a scratch-pad, as the engine drew them; all that was thought, which they spell;
    and the text that was drawn last, which is the answer."""
    journal, tokens, thought, last = model.store.journal, list[str](), "", ""
    for span in (each for each in journal.trace(trace).spans if each.operation == "chat"):
        done = journal.completion(str(span.attributes["request"]))
        assert done is not None, "what was computed is kept"
        last, thought = done.text, thought + done.reasoning
        if span.attributes.get("purpose") == "reasoning":
            thought += done.text
            tokens += [each.token for each in done.logprobs]
    return tokens, thought, last


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m measure.cap", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    asked.add_argument("--runs", type=int, default=1000, help="(%(default)s)")
    asked.add_argument("--model", "-m", default=None, help="a catalog name; the embedded default without")
    asked.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as home, ol.load(given.model, home=Path(home), threads=given.threads) as model:
        ran = []
        for seed in range(given.runs):
            ran.append(run(model, seed))
            if ran[-1].above or ran[-1].leaked or not ran[-1].valid:
                print(f"seed {seed}: {ran[-1]}", file=sys.stderr, flush=True)
            if seed % 50 == 0:
                print(f"{seed} of {given.runs}", file=sys.stderr, flush=True)
    told = {
        "runs": len(ran), "with a budget": sum(each.budget > 0 for each in ran),
        "exactly at the cap": sum(each.tokens == each.budget > 0 for each in ran),
        "above the cap": sum(each.above for each in ran),
        "leaked": sum(each.leaked for each in ran), "repeating its notes": sum(each.repeats for each in ran),
        "invalid": sum(not each.valid for each in ran),
        "cut": sum(bool(each.failed) for each in ran),
    }  # fmt: skip
    print(json.dumps(told, indent=2))
    failed = told["cut"] > len(ran) * _MAY_FAIL or not told["exactly at the cap"]
    return int(failed or any(told[name] for name in ("above the cap", "leaked", "invalid")))


if __name__ == "__main__":
    sys.exit(main())
