"""Worked examples of queries: all of them for every question, and those like a question once more beside it.

A small model follows what stands nearest (examples chosen by the question: Liu et al., 2022, "What makes good
in-context examples for GPT-3?"). A few words of the question choose them, and the common prompt stays the same.
"""

import re
from typing import NamedTuple

from omniloom.reasoning.wording import MONTHS

_NEAREST = 2


class Example(NamedTuple):
    """When: what questions of its kind have in them."""

    question: str
    query: str
    when: str


_TABLE = """table "games", 12 rows
  "Year": number
  "Team": text, such as 'Ajax', 'Porto'
  "Coach": text, such as 'Ann Lee', 'Bo Dahl'
  "Points": number
  "Played": date
  "row": number, the row's place in the table
"""
# Those of few questions come first: of all that are like a question the first are shown beside it.
_BANK = (
    Example(
        "how many more points did ajax have than porto?",
        """SELECT (SELECT SUM("Points") FROM "games" WHERE "Team" ILIKE '%ajax%') - """
        """(SELECT SUM("Points") FROM "games" WHERE "Team" ILIKE '%porto%')""",
        r"how (?:many|much) \w*\s?(?:more|fewer|less|longer|older|higher)|difference|"
        r"how (?:long|many \w+) (?:\w+ )?(?:after|before|between)",
    ),
    Example(
        "which team other than ajax had the most points?",
        """SELECT "Team" FROM "games" WHERE "Team" NOT ILIKE '%ajax%' ORDER BY "Points" DESC LIMIT 1""",
        r"other than|besides|apart from|except",
    ),
    Example(
        "which other team had the same points as ajax?",
        """SELECT "Team" FROM "games" """
        """WHERE "Points" = (SELECT "Points" FROM "games" WHERE "Team" ILIKE '%ajax%' LIMIT 1) """
        """AND "Team" NOT ILIKE '%ajax%'""",
        r"\bsame\b|\bequal",
    ),
    Example(
        "who was the next coach after ann lee?",
        """SELECT "Coach" FROM "games" """
        """WHERE "row" = (SELECT "row" FROM "games" WHERE "Coach" ILIKE '%ann lee%' LIMIT 1) + 1""",
        r"\b(?:next|following|below)\b|\bafter (?!\d)",
    ),
    Example(
        "which team was before porto?",
        """SELECT "Team" FROM "games" """
        """WHERE "row" = (SELECT "row" FROM "games" WHERE "Team" ILIKE '%porto%' LIMIT 1) - 1""",
        r"\b(?:previous(?:ly)?|preced\w+|above)\b|\b(?:before|prior to) (?!\d)",
    ),
    Example(
        "who had more points, ajax or porto?",
        """SELECT "Team" FROM "games" """
        """WHERE "Team" ILIKE '%ajax%' OR "Team" ILIKE '%porto%' ORDER BY "Points" DESC LIMIT 1""",
        r"\bor\b(?! (?:more|less|fewer|higher|lower|after|before|later|earlier))",
    ),
    Example(
        "how many games were in may 1998?",
        """SELECT COUNT(*) FROM "games" WHERE year("Played") = 1998 AND month("Played") = 5""",
        rf"\b(?:{'|'.join(MONTHS)})\b",
    ),
    Example(
        "how many games had 20 points or more?",
        """SELECT COUNT(*) FROM "games" WHERE "Points" >= 20""",
        r"how many .*\b(?:at least|more than|less than|fewer than|under|over|below|above|or (?:more|less|fewer))\b|"
        r"number of .*\b(?:at least|more than|less than|under|over)\b",
    ),
    Example(
        "which teams had more than 20 points?",
        """SELECT "Team" FROM "games" WHERE "Points" > 20""",
        r"^(?!.*\bhow many).*\b(?:(?:more|greater|higher|larger|less|fewer|lower) than|at least|at most|over|under) \d",
    ),
    Example(
        "which team played the most games?",
        """SELECT "Team" FROM "games" GROUP BY "Team" ORDER BY COUNT(*) DESC LIMIT 1""",
        r"\b(?:most|fewest|least) (?:number of |amount of )?(?:\w+s|times|often)\b|appear\w*|most (?:common|frequent)",
    ),
    Example(
        "which coach won more than once?",
        """SELECT "Coach" FROM "games" GROUP BY "Coach" HAVING COUNT(*) > 1""",
        r"more than (?:once|one)|(?:twice|multiple times)",
    ),
    Example(
        "how many points did ajax and porto have in total?",
        """SELECT SUM("Points") FROM "games" WHERE "Team" ILIKE '%ajax%' OR "Team" ILIKE '%porto%'""",
        r"\b(?:total|combined|altogether|together|sum)\b",
    ),
    Example(
        "how many different coaches did porto have?",
        """SELECT COUNT(DISTINCT "Coach") FROM "games" WHERE "Team" ILIKE '%porto%'""",
        r"\b(?:different|unique|distinct)\b",
    ),
    Example(
        "who is listed last?",
        """SELECT "Coach" FROM "games" ORDER BY "row" DESC LIMIT 1""",
        r"\b(?:last|bottom|final)\b",
    ),
    Example(
        "who was the first coach of ajax?",
        """SELECT "Coach" FROM "games" WHERE "Team" ILIKE '%ajax%' ORDER BY "row" ASC LIMIT 1""",
        r"\b(?:first|top)\b",
    ),
    Example(
        "which team had the most points?",
        """SELECT "Team" FROM "games" ORDER BY "Points" DESC LIMIT 1""",
        r"\b(?:most|least|fewest|\w{3,}est)\b",
    ),
    Example(
        "how many times did porto play after 1990?",
        """SELECT COUNT(*) FROM "games" WHERE "Team" ILIKE '%porto%' AND "Year" > 1990""",
        r"how many (?:times|\w+)|number of",
    ),
)


def _lines(some: tuple[Example, ...]) -> str:
    return "".join(f"Question: {each.question}\n{each.query}\n" for each in some)


EXAMPLES = f"Examples.\n{_TABLE}\n{_lines(_BANK[::-1])}\n"


def beside(said: str) -> str:
    """The examples that are most like a question, the most like last; "" where none is."""
    like = tuple(each for each in _BANK if re.search(each.when, said, re.IGNORECASE))[:_NEAREST]
    return f'\nAs over "games":\n{_lines(like[::-1])}\nNow over what was given.' if like else ""
