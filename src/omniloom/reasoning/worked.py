"""Puzzles in words with their data, as a model is shown them before the one that is asked, and the form of the data."""

from typing import Any

SYSTEM = (
    "You write puzzles as data for a solver. variables: names with low and high, whole numbers. constraints: one "
    "condition for each clue, with == != < <= > >= + - * %, abs(x), all_different(a, b, c), "
    "implies(condition, condition), count(conditions), and, or, not. "
    'goal: null, or {"maximize": ...} or {"minimize": ...} where the largest or '
    "smallest is asked for."
)


def _group(names: str, low: int, high: int) -> dict[str, Any]:
    return {"names": names.split(), "low": low, "high": high}


def _problem(variables: list[dict[str, Any]], *constraints: str, **goal: str) -> dict[str, Any]:
    return {"variables": variables, "constraints": list(constraints), "goal": goal or None}


EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "A farm has hens and cows, 20 animals with 56 legs. How many cows are there?",
        _problem([_group("hens cows", 0, 20)], "hens + cows == 20", "2 * hens + 4 * cows == 56"),
    ),
    (
        "Ann, Bo and Cy live in three houses in a row and keep a cat, a dog and a fish, one each. Bo lives directly "
        "left of Cy. Ann does not live in the first house. The dog is in the first house. Cy does not keep the cat. "
        "Who keeps the fish?",
        _problem(
            [_group("Ann Bo Cy", 1, 3), _group("cat dog fish", 1, 3)],
            "all_different(Ann, Bo, Cy)",
            "all_different(cat, dog, fish)",
            "Cy == Bo + 1",
            "Ann != 1",
            "dog == 1",
            "cat != Cy",
        ),
    ),
    (
        "A shop makes chairs for 30 dollars profit and tables for 90. A chair takes 2 hours, a table 5, and there are "
        "40 hours. At least 4 chairs are made for each table. What is the largest profit?",
        _problem(
            [_group("chairs tables", 0, 40)],
            "2 * chairs + 5 * tables <= 40",
            "chairs >= 4 * tables",
            maximize="30 * chairs + 90 * tables",
        ),
    ),
    (
        "Lia, Max and Ned eat pizza, soup and rice, one each. Max does not eat soup. Lia eats neither soup nor rice. "
        "Who eats rice?",
        _problem(
            [_group("Lia Max Ned", 1, 3), _group("pizza soup rice", 1, 3)],
            "Lia == 1",
            "Max == 2",
            "Ned == 3",
            "all_different(pizza, soup, rice)",
            "soup != Max",
            "soup != Lia",
            "rice != Lia",
        ),
    ),
    (
        "One of Kim and Lou always tells the truth, the other always lies. Kim says: Lou is a liar and 2 + 2 = 4. Lou "
        "says: we both tell the truth. Who tells the truth?",
        _problem(
            [_group("Kim Lou", 0, 1)],
            "Kim + Lou == 1",
            "(Kim == 1) == (Lou == 0)",
            "(Lou == 1) == (Kim + Lou == 2)",
        ),
    ),
    (
        "Three consecutive odd numbers add up to 33. What is the middle one?",
        _problem(
            [_group("first second third", 1, 33)],
            "first % 2 == 1",
            "second == first + 2",
            "third == second + 2",
            "first + second + third == 33",
        ),
    ),
    (
        "You spend exactly 31 dollars on pens for 2 dollars and pads for 5 dollars, and buy at least one pad. What is "
        "the smallest number of things that you can buy?",
        _problem([_group("pens pads", 0, 31)], "2 * pens + 5 * pads == 31", "pads >= 1", minimize="pens + pads"),
    ),
)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(of: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1, "maxItems": most}


def schema() -> dict[str, Any]:
    """Of the data, short enough for a small model."""
    names = _list({"type": "string", "maxLength": 20}, 12)
    whole, text = {"type": "integer"}, {"type": "string", "maxLength": 90}
    group = _object(names=names, low=whole, high=whole)
    goal = {"anyOf": [{"type": "null"}, _object(maximize=text), _object(minimize=text)]}
    return _object(variables=_list(group, 6), constraints=_list(text, 16), goal=goal)
