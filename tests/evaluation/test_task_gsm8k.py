"""School problems: the number behind the marks."""

import json
from pathlib import Path

import pytest

from omniloom.core.values import Response
from omniloom.evaluation.tasks import gsm8k
from omniloom.evaluation.values import Sample

SAMPLE = Sample("1", "?", ("?",), ("1,250",))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 * 250 = 1250\n#### 1250", 1250.0),
        ("#### $1,250.00 in all, after 3 years", 1250.0),
        ("#### **18**", 18.0),
        ("#### -5", -5.0),
        ("#### $-5", -5.0),
        ("So 5 + 6 = 11.", 11.0),
        ("It rose from 3-5", 5.0),
        ("#### .5", 0.5),
        (r"the time is \(\boxed{120}\) minutes, or 2 hours", 120.0),
        (r"\boxed{12}" + "\n#### 13", 13.0),
        ("I do not know.", None),
        ("####", None),
        ("", None),
    ],
)
def test_the_number_of_an_answer(text: str, value: float | None) -> None:
    assert gsm8k.answered(text) == value


@pytest.mark.parametrize(
    ("text", "right", "marked"),
    [
        ("#### 1250", 1.0, 1.0),
        ("The answer is 1,250.0.", 1.0, 0.0),
        ("1250 apples\n#### 1251", 0.0, 1.0),
        ("#### 125", 0.0, 1.0),
        ("", 0.0, 0.0),
    ],
)
def test_right_wrong_nearly_right_and_absent(text: str, right: float, marked: float) -> None:
    assert gsm8k.exact(SAMPLE, Response(text=text)).values == {"exact": right, "marked": marked}


def test_who_abstains_gets_nothing() -> None:
    assert gsm8k.exact(SAMPLE, Response(text="#### 1250", abstained=True)).values["exact"] == 0.0


def test_the_target_is_what_stands_behind_the_marks(tmp_path: Path) -> None:
    (tmp_path / "maths").mkdir()
    lines = [{"question": f"q{n}", "answer": f"1+{n} = <<1+{n}={n + 1}>>{n + 1}\n#### {n + 1}"} for n in (1, 2)]
    (tmp_path / "maths/gsm8k.jsonl").write_text("\n".join(map(json.dumps, lines)))
    one, other = gsm8k.samples(tmp_path)
    assert (one.target, other.target) == (("2",), ("3",))
    assert one.group != other.group
    assert one.inputs[0].startswith("q1\n")  # type: ignore[union-attr]
