"""What is asked about a bundle: of one source, of two together, or what none of them answers."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from omniloom.evaluation.bundles.bundle import Bundle
from omniloom.evaluation.bundles.spoken import DIGITS, Passage
from omniloom.evaluation.values import Place


@dataclass(frozen=True)
class Question:
    """kind: "one", "two" or "none". about: which sources, such as "table" or "receipt+table". target: empty if none."""

    kind: str
    about: str
    text: str
    target: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


Ask = Callable[[Bundle, random.Random], Question | None]


def of_document(bundle: Bundle, chance: random.Random) -> Question | None:
    span = chance.choice(bundle.document.spans)
    return Question("one", "document", span.question, span.answers, (bundle.document.place(span),))


def of_table(bundle: Bundle, chance: random.Random) -> Question | None:
    if bundle.table is None:
        return None
    found = chance.choice(bundle.table.lookups)
    target = tuple(dict.fromkeys((found.answer, bundle.table.rows[found.row - 1][found.column - 1])))
    place = bundle.table.place(found.row, found.column)
    return Question("one", "table", f"According to the table: {found.question}", target, (place,))


def of_receipt(bundle: Bundle, chance: random.Random) -> Question | None:
    receipt = bundle.receipt
    if receipt is None:
        return None
    total, date = receipt.total_place(), receipt.date_place()
    assert total and date, "receipts without them are no part of a bundle"
    if chance.random() < 0.7:
        text = f"What is the total on the receipt from {receipt.company}?"
        return Question("one", "receipt", text, _amounts(receipt.amount, receipt.total), (total,))
    text = f"What is the date of the receipt from {receipt.company}?"
    return Question("one", "receipt", text, (receipt.date,), (date,))


def of_passage(bundle: Bundle, chance: random.Random) -> Question | None:
    passage = bundle.passage
    if passage is None:
        return None
    if passage.digits:
        words = [piece.words[0] for piece in passage.pieces]
        numerals = [str(DIGITS.index(word)) for word in words]
        target = (" ".join(numerals), "".join(numerals), " ".join(words))
        place = passage.place(0, len(words) - 1, " ".join(words))
        return Question("one", "passage", "Which digits are read out in the recording, in order?", target, (place,))
    return _after(passage, chance)


def _after(passage: Passage, chance: random.Random) -> Question | None:
    """The words that follow three others; those three are spoken once in the recording."""
    places: list[tuple[int, int]] = []
    for number, piece in enumerate(passage.pieces):
        for at in range(len(piece.words) - 4):
            cue = " ".join(piece.words[at : at + 3])
            if f" {passage.text} ".count(f" {cue} ") == 1:
                places.append((number, at))
    if not places:
        return None
    number, at = chance.choice(places)
    words = passage.pieces[number].words
    cue, answer = " ".join(words[at : at + 3]), " ".join(words[at + 3 : at + 5])
    text = f"Which two words are spoken right after “{cue}” in the recording?"
    return Question("one", "passage", text, (answer,), (passage.place(number, number, answer),))


def _amounts(amount: str, printed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((amount, printed, f"RM {amount}")))


SINGLE: tuple[Ask, ...] = (of_document, of_table, of_receipt, of_passage)


def unanswered(bundle: Bundle, others: list[Bundle], chance: random.Random) -> Question | None:
    """A question about a source of another bundle, none of whose answers stands anywhere in this one."""
    tries = [(other, ask) for other in others for ask in (of_document, of_receipt)]
    chance.shuffle(tries)
    for other, ask in tries:
        if other.document.paper.title == bundle.document.paper.title:
            continue  # about the same thing, it may be answered in other words
        if ask is of_receipt and (other.receipt is None or _same_shop(bundle, other)):
            continue
        asked = ask(other, chance)
        if asked is not None and not any(map(bundle.says, asked.target)):
            return Question("none", asked.about, asked.text)
    return None


def _same_shop(bundle: Bundle, other: Bundle) -> bool:
    """By the first word of the name, so that no branch of the same house is asked for."""
    if bundle.receipt is None or other.receipt is None:
        return False
    return bundle.receipt.company.split()[0].casefold() == other.receipt.company.split()[0].casefold()


def asked(bundle: Bundle, others: list[Bundle], seed: int) -> Iterator[Question]:
    """One question about each source, two about two sources, and one that none answers."""
    from omniloom.evaluation.bundles.together import DOUBLE

    chance = random.Random(f"{seed} {bundle.id}")  # noqa: S311 - nothing secret
    for ask in SINGLE:
        if (found := ask(bundle, chance)) is not None:
            yield found
    double = [found for ask in DOUBLE if (found := ask(bundle, chance)) is not None]
    yield from chance.sample(double, min(2, len(double)))
    if (nothing := unanswered(bundle, others, chance)) is not None:
        yield nothing
