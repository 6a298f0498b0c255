"""Questions that need two sources: templates whose answer is computed from the labels of both."""

import random
import re

from omniloom.evaluation.bundles.bundle import Bundle
from omniloom.evaluation.bundles.questions import Ask, Question
from omniloom.evaluation.bundles.spoken import DIGITS
from omniloom.evaluation.bundles.tables import Sheet, number_of
from omniloom.evaluation.values import Place

_YES_NO = "Answer yes or no."


def larger(bundle: Bundle, chance: random.Random) -> Question | None:
    """The total of the receipt, or a number of the table."""
    receipt, table = bundle.receipt, bundle.table
    cell = _number(table, chance)
    if receipt is None or table is None or cell is None or number_of(receipt.amount) == cell[2]:
        return None
    row, column, number = cell
    target = ("the receipt", "receipt") if number_of(receipt.amount) > number else ("the table", "table")
    text = f"Which is larger: the total of the receipt, or {_named(table, row, column)} in the table?"
    places = (receipt.total_place(), table.place(row, column))
    return _two("receipt+table", f"{text} Answer with “the receipt” or “the table”.", target, *places)


def added(bundle: Bundle, chance: random.Random) -> Question | None:
    receipt, table = bundle.receipt, bundle.table
    cell = _number(table, chance)
    if receipt is None or table is None or cell is None:
        return None
    row, column, number = cell
    total = f"{number_of(receipt.amount) + number:.2f}"
    target = tuple(dict.fromkeys((total, f"{float(total):,.2f}", f"{float(total):g}")))
    text = f"What is the total of the receipt plus {_named(table, row, column)} in the table, as a number?"
    return _two("receipt+table", text, target, receipt.total_place(), table.place(row, column))


def earlier(bundle: Bundle, chance: random.Random) -> Question | None:
    """The date of the receipt beside a year of the table."""
    receipt, table = bundle.receipt, bundle.table
    if receipt is None or table is None:
        return None
    key = table.key()
    years = [each for each in table.years() if key and each[2] != receipt.year]
    if not years or receipt.year is None:
        return None
    row, column, year = chance.choice(years)
    text = f"Is the date of the receipt before or after {_named(table, row, column)} in the table?"
    target = ("before",) if receipt.year < year else ("after",)
    places = (receipt.date_place(), table.place(row, column))
    return _two("receipt+table", f"{text} Answer with “before” or “after”.", target, *places)


def exceeds(bundle: Bundle, chance: random.Random) -> Question | None:
    """A number of the document beside the total of the receipt."""
    receipt = bundle.receipt
    spans = [each for each in bundle.document.spans if re.fullmatch(r"\d{1,3}(,\d{3})+|\d+(\.\d+)?", each.answers[0])]
    if receipt is None or not spans:
        return None
    span = chance.choice(spans)
    relation = chance.choice(("larger", "smaller"))
    is_larger = number_of(span.answers[0]) > number_of(receipt.amount)
    answer = "yes" if is_larger == (relation == "larger") else "no"
    asked = f"The document answers “{span.question}” with a number."
    text = f"{asked} Is it {relation} than the total of the receipt? {_YES_NO}"
    return _two("document+receipt", text, (answer,), bundle.document.place(span), receipt.total_place())


def occurs(bundle: Bundle, chance: random.Random) -> Question | None:
    """Whether a word of the recording stands in the document; if it does not, there is no place to cite for that."""
    passage, document = bundle.passage, bundle.document
    if passage is None or passage.digits:
        return None
    words = [(n, word) for n, piece in enumerate(passage.pieces) for word in piece.words if len(word) > 3]
    shared = [(n, word) for n, word in words if re.search(rf"(?i)\b{word}\b", document.text)]
    number, word = chance.choice(shared or words)
    said = passage.place(number, number, word)
    text = f"Is the word “{word}”, which is spoken in the recording, also in the document? {_YES_NO}"
    for page, content in enumerate(document.paper.pages, 1):
        if found := re.search(rf"(?i)\b{word}\b", content):
            there = document.words(page, found.start(), found.group())
            return _two("passage+document", text, ("yes",), said, there)
    return _two("passage+document", text, ("no",), said)


def same_digit(bundle: Bundle, chance: random.Random) -> Question | None:
    """The first digit of the total beside those of the recording, or beside the first of them."""
    passage, receipt = bundle.passage, bundle.receipt
    if passage is None or receipt is None or not passage.digits:
        return None
    spoken = [str(DIGITS.index(piece.words[0])) for piece in passage.pieces]
    first = receipt.amount[0]
    in_it = chance.random() < 0.5
    if in_it:
        text = f"Is the first digit of the total of the receipt among the digits read out in the recording? {_YES_NO}"
        at, answer = (spoken.index(first), "yes") if first in spoken else (0, "no")
    else:
        text = f"Is the first digit read out in the recording also the first of the total of the receipt? {_YES_NO}"
        at, answer = 0, "yes" if spoken[0] == first else "no"
    last = at if answer == "yes" or not in_it else len(spoken) - 1
    words = " ".join(piece.words[0] for piece in passage.pieces[at : last + 1])
    return _two("passage+receipt", text, (answer,), passage.place(at, last, words), receipt.total_place())


def _number(table: Sheet | None, chance: random.Random) -> tuple[int, int, float] | None:
    found = list(table.numbers()) if table is not None and table.key() else []
    return chance.choice(found) if found else None


def _named(table: Sheet, row: int, column: int) -> str:
    key = table.key()
    assert key, "only rows that have a name are asked for"
    return f"the value “{table.rows[0][column - 1]}” of “{table.rows[row - 1][key - 1]}”"


def _two(about: str, text: str, target: tuple[str, ...], *places: Place | None) -> Question:
    return Question("two", about, text, target, tuple(each for each in places if each is not None))


DOUBLE: tuple[Ask, ...] = (larger, added, earlier, exceeds, occurs, same_digit)
