"""Columns of numbers: separators, signs, currencies, percent, units, ordinals."""

import re
from collections import Counter
from typing import NamedTuple

_NUMBER = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212\u2013])?\s*(?P<money>[$€£¥₹]|US\$|USD|EUR|GBP)?\s*(?P<sign2>[-\u2212])?"
    r"(?P<digits>\d+(?:[.,'\u2019 \u00a0\u202f]\d+)*|[.,]\d+)"
    r"\s*(?P<unit>%|[$€£¥₹]|[^\W\d_][\w./²³°]{0,14})?\s*(?P<close>\))?"
)
_SPACES = re.compile(r"['\u2019 \u00a0\u202f]")
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?", re.IGNORECASE)
_ORDINAL = frozenset({"st", "nd", "rd", "th"})


class Found(NamedTuple):
    """The values of a column, None where a cell is no number, and what was taken off them."""

    values: list[int | float | None]
    notes: list[str]


def numbers(cells: list[str], least: float) -> Found | None:
    """The cells as numbers, or None where fewer than `least` of them are numbers of one unit. Given without blanks."""
    parsed = [_NUMBER.fullmatch(cell) for cell in cells]
    good = [one for one in parsed if one and bool(one["open"]) == bool(one["close"]) and _sound(one)]
    if not good or len(good) < least * len(cells):
        return None
    units = Counter(unit for one in good if (unit := _unit(one)))
    if len(units) > 1 or _codes(good) or any(_is_word(unit) and units[unit] < len(good) for unit in units):
        return None
    comma = _decimal_comma([one["digits"] for one in good])
    values = [_value(one, comma) if one in good else None for one in parsed]
    if sum(value is not None for value in values) < least * len(cells):
        return None
    return Found(values, _notes(good, units, comma))


def _sound(one: re.Match[str]) -> bool:
    if _MONTH.fullmatch(one["unit"] or ""):
        return False
    return sum(bool(one[name]) for name in ("open", "sign", "sign2")) <= 1 and not (one["money"] and one["unit"])


def _unit(one: re.Match[str]) -> str:
    unit = one["unit"] or one["money"] or ""
    return "ordinal" if unit.lower() in _ORDINAL else unit


def _is_word(unit: str) -> bool:
    """A word must stand behind every number of a column: 5000 BC and 1639 do not compare; $5 and 6 do."""
    return unit[0].isalpha()


def _codes(found: list[re.Match[str]]) -> bool:
    """Numbers with leading zeros are names, such as post codes."""
    return any(len(one["digits"]) > 1 and one["digits"].startswith("0") and one["digits"].isdigit() for one in found)


def _decimal_comma(digits: list[str]) -> bool:
    """The column shows a comma that cannot separate thousands, or points that can do nothing else, and no contrary."""
    comma = any(re.fullmatch(r".*,(\d{1,2}|\d{4,})|0,\d+|[\d.]+\.\d{3},\d+", each) for each in digits)
    points = any(each.count(".") > 1 for each in digits)
    point = any(re.fullmatch(r".*\.(\d{1,2}|\d{4,})|0?\.\d+|[\d,]+,\d{3}\.\d+", each) for each in digits)
    return (comma or points) and not point


def _value(one: re.Match[str], comma: bool) -> int | float | None:
    thousands, point = (".", ",") if comma else (",", ".")
    text = _SPACES.sub(thousands, one["digits"])
    whole, _, rest = text.partition(point)
    groups = whole.split(thousands)
    wrong = any(len(group) != 3 for group in groups[1:]) or (len(groups) > 1 and len(groups[0]) > 3)
    if wrong or (rest and not rest.isdigit()):
        return None
    plain = "".join(groups)
    value = float(f"{plain or 0}.{rest}") if rest else int(plain)
    return -value if one["open"] or one["sign"] in ("-", "\u2212", "\u2013") or one["sign2"] else value


def _notes(good: list[re.Match[str]], units: Counter[str], comma: bool) -> list[str]:
    thousands = "." if comma else ","
    notes: list[str] = []
    if any(thousands in one["digits"] or _SPACES.search(one["digits"]) for one in good):
        notes.append("thousands separators removed")
    if comma:
        notes.append("decimal commas read")
    for unit in units:
        notes.append(
            {"ordinal": "ordinal endings removed", "%": "values are percent"}.get(unit, f"values are in {unit}")
        )
    if any(one["open"] for one in good):
        notes.append("numbers in parentheses are negative")
    return notes
