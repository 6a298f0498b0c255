"""What went wrong with an answer: the first of these that holds.

1. error: there is no answer (one that did not fit its schema is a matter of format). 2. contradiction: two sources
differ, which was not said with both places. 3. withheld wrongly: there is a right answer, and what the model wrote was
not given; silent wrongly: the model itself says that there is none, or wrote nothing. 4. should have abstained:
there is none. 5. format: the answer was cut off, is empty, or does not fit what was asked for. 6. right words at a
wrong place. 7. wrong words: at the right place, at a wrong one, or where nobody knows the place.
"""

from typing import NamedTuple

from omniloom.evaluation.log import Header, Record
from omniloom.reasoning.phrases import is_withheld

FORMATS = ("format", "valid", "fits", "schema", "json")


class Wrong(NamedTuple):
    name: str
    meaning: str


ERROR = Wrong("error", "The call failed: there is no answer.")
CONTRADICTION = Wrong("contradiction missed", "Two sources differ, and the answer does not say so with both places.")
SHOULD_ABSTAIN = Wrong("should have abstained", "The sources do not answer the question; an answer was given.")
WITHHELD = Wrong("withheld wrongly", "The sources answer the question; what the model wrote was withheld.")
SILENT = Wrong("silent wrongly", "The sources answer the question; the model says that they do not, or wrote nothing.")
FORMAT = Wrong("format", "The answer was cut off, is empty, or does not have the form that was asked for.")
WRONG_SOURCE = Wrong("right words, wrong place cited", "The answer is right, but not all expected places are cited.")
WRONG_PLACE = Wrong("wrong place cited", "The answer is wrong, and not all expected places are cited.")
WRONG_WORDS = Wrong("right place, wrong words", "The expected place is cited, and yet the answer is wrong.")
WRONG = Wrong("wrong answer", "The answer is wrong; no place is known to compare with.")
ALL = (ERROR, WRONG_PLACE, WRONG_WORDS, WRONG, WRONG_SOURCE, SHOULD_ABSTAIN, WITHHELD, SILENT, FORMAT, CONTRADICTION)


def what_went_wrong(record: Record, header: Header) -> Wrong | None:
    """None for an answer with which all is well."""
    if record.error is not None:
        return FORMAT if record.error.code == "output" else ERROR
    values = record.values
    right = record.is_correct(header)
    if values.get("contradiction", 1.0) < 0.5:
        return CONTRADICTION
    abstained = record.abstained or values.get("abstained", 0.0) >= 0.5
    if not right and abstained and record.target:
        return WITHHELD if _withheld(record) else SILENT
    if not right and not abstained and not record.target and "abstained" in values:
        return SHOULD_ABSTAIN
    if not right and _misshapen(record):
        return FORMAT
    place = values.get("place")
    if right:
        return WRONG_SOURCE if place is not None and place < 1 and not abstained else None
    if place is None:
        return WRONG
    return WRONG_WORDS if place >= 1 else WRONG_PLACE


def _withheld(record: Record) -> bool:
    """Whether something was written that Omniloom did not give: its own words stand there, or nothing does."""
    told = record.text.strip()
    if told:
        return record.abstained and is_withheld(told)
    return record.abstained and record.usage.output_tokens > 1


def _misshapen(record: Record) -> bool:
    given = record.answer.strip() or record.text.strip()
    empty = not given and record.data is None and not record.abstained
    broken = any(record.values.get(name, 1.0) < 0.5 for name in FORMATS)
    return empty or broken or record.finish_reason in ("length", "cancelled", "content_filter", "error")
