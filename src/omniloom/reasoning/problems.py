"""Problems in words that ask for an amount, asked in other ways: as a program, and behind worked examples.

What is asked in other ways is wrong in other places, so that two ways which agree say more than two draws of one prompt
(program-aided: Gao et al., 2023; diverse prompts: Li et al., 2023, "Making language models better reasoners").
"""

import re
from ast import literal_eval
from collections.abc import Mapping

from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Constraint, Message, Request, ToolCall
from omniloom.reasoning.prompts import Task, shown_first
from omniloom.reasoning.sample import AMOUNT, Other, Ways, warm
from omniloom.reasoning.wording import ASKING

TOOL = "python"
# A second thing that is asked for: "how many has he, and what".
_MORE = re.compile(rf"{ASKING}.*(?:,|\b(?:and|or))\s+(?:in\s+)?{ASKING}", re.I | re.DOTALL)
_ELSE = re.compile(
    r"(?:^|[.!:;\n])\W*(?:please )?(?:write|explain|translate|rewrite|describe|summar|draft|make up|tell|fix|correct|"
    r"list|compare|discuss|complete)|\bshould (?:i|we|my)\b",
    re.IGNORECASE,
)
_STEPS = re.compile(r"step by step|show (?:your|the|all) work|####", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!])\s+|\n")
_NUMBER = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|half|third|quarter|twice|double|"
    r"triple)\b",
    re.IGNORECASE,
)
FORM = Constraint(kind="regex", value=r"```python\n([a-z_]\w* = [\w.()+*/%, -]+(  # [^\n]*)?\n)+```")
"""Of a program: assignments, and no words around them."""
_ASSIGNED = re.compile(r"^(\w+) = ", re.MULTILINE)
_PLAIN = re.compile(r"= -?[\d._]+$")
_DRAWN = 3  # further programs
_TOKENS = 250
LONGEST = 400
"""Tokens of a program, or of steps behind examples, at most."""
_PROGRAM, _WORKED = 64, 96  # tokens that they take by rule
READ = 1700
"""Tokens that both prompts have beside the problem."""
_MARK = "####"
_LARGEST = 1e15  # beyond it a float holds no single units
_LEAST = 1e-3
_PROGRAMMER = "You are a precise programmer."
_AS_PROGRAM = "{said}\nWrite Python that computes the answer, a number, and keeps it in `answer`. Nothing else."
_SHORT = "\n\nWork in short steps, one calculation a line. In a last line of its own write #### and the number."
EXAMPLES = (
    (
        "A baker makes 48 rolls each morning. On Monday she sells three quarters of them, and gives half of what is "
        "left to a school. How many rolls does she keep?",
        "She sells 48 * 3/4 = 36 rolls.\n48 - 36 = 12 rolls are left.\nShe gives away 12 / 2 = 6 rolls.\n"
        "So she keeps 12 - 6 = 6 rolls.\n#### 6",
        "rolls = 48\nsold = rolls * 3 / 4\nleft = rolls - sold\ngiven = left / 2\nanswer = left - given",
    ),
    (
        "Tom is twice as old as Ann. In 5 years their ages will add up to 40. How old is Tom now?",
        "In 5 years both together are 2 * 5 = 10 years older, so now their ages add up to 40 - 10 = 30.\n"
        "Tom is two parts and Ann is one part, so there are 3 parts: one part is 30 / 3 = 10.\n"
        "Tom is 10 * 2 = 20 years old.\n#### 20",
        "sum_in_5_years = 40\n"
        "sum_now = sum_in_5_years - 2 * 5\n"
        "parts = 2 + 1  # Tom is two parts, Ann one\n"
        "ann = sum_now / parts\n"
        "answer = ann * 2",
    ),
    (
        "A shop sells a jacket for $80. It raises the price by 25%, and then takes 10% off. How much does the jacket "
        "cost in the end?",
        "The price rises by 80 * 25/100 = 20 dollars, to 80 + 20 = 100 dollars.\n"
        "10% off is 100 * 10/100 = 10 dollars.\nSo it costs 100 - 10 = 90 dollars.\n#### 90",
        "price = 80\nraised = price * 1.25\nanswer = raised * 0.9",
    ),
    (
        "Lena reads 20 pages every weekday and 35 pages on each day of the weekend. Her book has 680 pages. How many "
        "weeks does she need for it?",
        "On weekdays she reads 5 * 20 = 100 pages a week.\nOn the weekend she reads 2 * 35 = 70 pages.\n"
        "That is 100 + 70 = 170 pages a week.\nSo she needs 680 / 170 = 4 weeks.\n#### 4",
        "per_week = 5 * 20 + 2 * 35\npages = 680\nanswer = pages / per_week",
    ),
    (
        "A pump fills 15 litres a minute. A tank of 900 litres is one third full, and leaks 5 litres a minute. After "
        "how many minutes is it full?",
        "The tank has 900 / 3 = 300 litres in it, so 900 - 300 = 600 litres are missing.\n"
        "Each minute it gains 15 - 5 = 10 litres.\nSo it takes 600 / 10 = 60 minutes.\n#### 60",
        "tank = 900\nmissing = tank - tank / 3\ngain_per_minute = 15 - 5\nanswer = missing / gain_per_minute",
    ),
    (
        "Sam buys 3 packs of 12 eggs for $4 each and sells every egg for 50 cents. He also pays $2 for the bus. What "
        "is his profit in dollars?",
        "He buys 3 * 12 = 36 eggs.\nThey cost 3 * 4 = 12 dollars, and with the bus he spends 12 + 2 = 14 dollars.\n"
        "He gets 36 * 0.5 = 18 dollars.\nSo his profit is 18 - 14 = 4 dollars.\n#### 4",
        "eggs = 3 * 12\ncost = 3 * 4 + 2\nearned = eggs * 0.50\nanswer = earned - cost",
    ),
)


def stands_alone(task: Task) -> bool:
    """Whether a task is a problem and nothing else: the other ways show neither sources, nor what was said before, nor
    how to answer."""
    return not (task.parts or task.natives or task.history or task.system) and is_problem(task.said)


def is_problem(said: str) -> bool:
    """Whether one amount is asked for, and nothing else, behind more than one number. What follows the question may ask
    for steps, or for the number behind "####", which all ways give."""
    before, _, rest = said.partition("?")
    asked = _SENTENCE.split(before)[-1]
    if "?" in rest or not AMOUNT.search(asked) or _MORE.search(asked) or _ELSE.search(said):
        return False
    follows = [each for each in _SENTENCE.split(rest) if each.strip()]
    return all(map(_STEPS.search, follows)) and len(_NUMBER.findall(said)) > 1


def others(run: Run, asked: Request, said: str, *, programs: bool) -> Ways:
    """As a program and behind examples, which together are half as long as the answer; then further programs, drawn.

    asked: the problem as it is asked directly. said: the question in its last message. programs: whether `run` has the
    tool that runs them; without it none is written, and the examples come behind the answer.
    """
    worked, listed = Other(_worked(asked, said), lambda done: done, _WORKED), dict[str, str]()

    def given(done: Completion) -> Completion:
        return _as_asked(done, said, listed)

    if not programs:
        return Ways([worked], given=given)
    program = Other(_as_program(asked, said), lambda done: _ran(run, done, listed), _PROGRAM)
    changed = ({"sampling": warm(asked.sampling), "seed": asked.seed + number} for number in range(1, 1 + _DRAWN))
    drawn = (program._replace(request=program.request.model_copy(update=each)) for each in changed)
    return Ways([program, worked, *drawn], cheap=True, given=given)


def _as_program(asked: Request, said: str) -> Request:
    system, last = Message(role="system", content=(_PROGRAMMER,)), _AS_PROGRAM.format(said=said)
    turns = shown_first((_AS_PROGRAM.format(said=it), f"```python\n{program}\n```") for it, _, program in EXAMPLES)
    messages = (system, *turns, Message(role="user", content=(last,)))
    most = min(_TOKENS, asked.max_output_tokens)
    changed = {"messages": messages, "constraint": FORM, "max_output_tokens": most, "stop": ()}
    return asked.model_copy(update=changed)


def _worked(asked: Request, said: str) -> Request:
    """Each example is asked as the problem is, with how it is to be written said of all."""
    system, *history, last = asked.messages
    before, _, after = last.text.partition(said)
    turns = shown_first((f"{before}{example}{after}{_SHORT}", worked) for example, worked, _ in EXAMPLES)
    last = last.model_copy(update={"content": (last.text + _SHORT,)})
    most = min(LONGEST, asked.max_output_tokens)
    return asked.model_copy(update={"messages": (system, *turns, *history, last), "max_output_tokens": most})


def _ran(run: Run, done: Completion, listed: dict[str, str]) -> Completion:
    """The number that a program assigns to `answer`, or else last, as an answer; without one it ends in an error. How
    likely the program was tells nothing of the number. listed: takes the program, by that answer."""
    none = done.model_copy(update={"text": "", "finish_reason": "error", "logprobs": ()})
    names = _ASSIGNED.findall(done.text)
    if done.finish_reason == "length" or not names:
        return none
    code = done.text.removeprefix("```python\n").removesuffix("```")
    told = run.call(ToolCall(id=TOOL, name=TOOL, arguments={"code": f"{code}\n[{', '.join(names)}]"}))
    if told.error or not told.value.ok:
        return none
    try:
        values = literal_eval(str(told.value.value))
        number = float(values[names.index("answer") if "answer" in names else -1])
    except (TypeError, ValueError, SyntaxError, OverflowError):  # it is no number, or cut
        return none
    if not abs(number) < _LARGEST:  # nor NaN
        return none
    text = f"{_MARK} {_spelled(number)}"
    once = (value if names.count(name) == 1 else None for name, value in zip(names, values, strict=True))
    listed[text] = "\n".join(map(_line, code.strip().split("\n"), once))
    return done.model_copy(update={"text": text, "logprobs": ()})


def _line(line: str, value: object) -> str:
    """An assignment with what it comes to, where it computes."""
    code, _, comment = line.partition("  # ")
    if not isinstance(value, int | float) or _PLAIN.search(code) or not abs(value) < _LARGEST:
        return line
    shown = _spelled(value) if not 0 < abs(value) < _LEAST else f"{value:.6g}"
    return f"{code}  # {shown}{f', {comment}' if comment else ''}"


def _spelled(number: float) -> str:
    text = f"{number:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _as_asked(done: Completion, said: str, listed: Mapping[str, str]) -> Completion:
    """With the program that gave the number, where one did; without a mark that nobody asked for."""
    text, mark, number = (each.strip() for each in done.text.rpartition(_MARK))
    if not mark:
        return done
    text = text or listed.get(done.text, "")
    if _MARK in said:
        return done.model_copy(update={"text": f"{text}\n{mark} {number}".strip()})
    ends = re.compile(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)")
    is_last = number and ends.search(text.rpartition("\n")[2]) and done.text not in listed
    return done.model_copy(update={"text": text if is_last else f"{text}\n{number}".strip()})
