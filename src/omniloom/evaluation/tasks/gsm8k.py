"""GSM8K (Cobbe et al., 2021): school problems in words; no source, an answer that is a number.

The folder: `maths/gsm8k.jsonl` (question, answer); the number after #### is the answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omniloom.core.values import Response
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.values import Metric, Sample, Score, Scorer

FAMILY = "compute"
CORRECT = "exact"
ASKED = "{question}\nWork it out step by step. Then write the answer, a number, in a last line of its own after ####."
_NUMBER = re.compile(r"(?:(?<!\d)(?<!\d )[-−])?\s?[$€£]?\s?(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?")


def samples(data: Path) -> Iterator[Sample]:
    for number, record in enumerate(json_lines(data / "maths" / "gsm8k.jsonl")):
        yield Sample(
            id=f"gsm8k-{number}",
            question=record["question"],
            inputs=(ASKED.format(question=record["question"]),),
            target=(record["answer"].rpartition("####")[2].strip(),),
            group=f"gsm8k-{number}",
            options={"max_output_tokens": 400},
        )


def exact(sample: Sample, response: Response) -> Score:
    """1 if the number after the last #### is the wanted one; `marked` says whether there is a ####.

    Without one, the number in the last \\boxed{} is taken, as models taught on mathematics write; or the last of all.
    """
    number = None if response.abstained else answered(response.text)
    right = number is not None and abs(number - float(sample.target[0].replace(",", ""))) < 1e-6
    values = {"exact": float(right), "marked": float("####" in response.text)}
    return Score(values, "" if number is None else f"{number:g}", "" if right else f"wanted {sample.target[0]}")


def answered(text: str) -> float | None:
    """None where there is no number."""
    _, mark, behind = text.rpartition("####" if "####" in text else "\\boxed{")
    numbers = [match for match in _NUMBER.finditer(behind if mark else text) if match[1] or match[2]]
    if not numbers:
        return None
    chosen = numbers[0] if mark else numbers[-1]
    value = float((chosen[1] or "").replace(",", "") + (chosen[2] or ""))
    return -value if chosen[0].startswith(("-", "−")) else value


SCORERS: Sequence[Scorer] = (exact,)
METRICS: Mapping[str, Metric] = {}
