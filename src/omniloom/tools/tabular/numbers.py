"""Columns of numbers: separators, signs, currencies, percent, units, ordinals."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from omniloom.tools.tabular.dates import MONTH

_NUMBER = re.compile(
    r"(?P<bound>[<>≤≥~≈]\s?)?(?P<open>\()?\s*(?P<sign>[-+\u2212\u2013])?\s*(?P<money>[$€£¥₹]|US\$|USD|EUR|GBP)?\s*(?P<sign2>[-\u2212])?"
    r"(?P<digits>\d+(?:[.,'\u2019 \u00a0\u202f]\d+)*|[.,]\d+)"
    r"\s*(?P<unit>%|[$€£¥₹]|[^\W\d_](?:[^\W\d]|[./°]){0,14})?\s*(?P<close>\))?"
)
_SPACES = re.compile(r"['\u2019 \u00a0\u202f]")
_MONTH = re.compile(MONTH, re.IGNORECASE)
_CODE = re.compile(r"0[\d'\u2019 \u00a0\u202f]")
_DOUBTFUL = re.compile(r"[1-9]\d{0,2},\d{3}")  # beside decimal commas: a thousand, or three decimals
_SIGNS = frozenset("%$€£¥₹")
LONGEST = 60
_ORDINAL = frozenset({"st", "nd", "rd", "th"})


class Found(NamedTuple):
    """The values of a column, None where a cell is no number, and what was taken off them."""

    values: list[int | float | None]
    notes: list[str]


def numbers(cells: list[str], least: float) -> Found | None:
    """The cells as numbers, or None where fewer than `least` of them are numbers of one unit, or their reading is in
    doubt. Given without blanks around."""
    parsed = [_NUMBER.fullmatch(cell) if len(cell) <= LONGEST else None for cell in cells]
    sound = [one if one and _sound(one) else None for one in parsed]
    good = [one for one in sound if one]
    if not good or len(good) < least * len(cells):
        return None
    units = Counter(unit for one in good if (unit := _unit(one)))
    if all(one["open"] for one in good):  # a way to number lines as well
        return None
    if len(units) > 1 or _codes(good) or any(_on_all(unit) and units[unit] < len(good) for unit in units):
        return None
    digits = [one["digits"] for one in good]
    comma = _decimal_comma(digits)
    if comma and any(_DOUBTFUL.fullmatch(each) for each in digits):
        return None
    values = [_value(one, comma) if one else None for one in sound]
    if _bounds_differ(sound, values):
        return None
    given = [value for value in values if value is not None]
    if len(given) < least * len(cells) or not _exact(given):
        return None
    return Found(values, _notes(good, units, comma))


def _bounds_differ(sound: Sequence[re.Match[str] | None], values: list[int | float | None]) -> bool:
    """Whether bounds tell cells apart: they point both ways, or one number stands with and without one."""
    marked = {(value, (one["bound"] or "").strip()) for one, value in zip(sound, values, strict=True) if one}
    ways = {"<" if mark in "<≤" else ">" for _, mark in marked if mark and mark in "<≤>≥"}
    return len(ways) > 1 or len(marked) > len({value for value, _ in marked})


def _exact(values: list[int | float]) -> bool:
    """Whether a column of 64 bits holds them as they are written."""
    whole = all(isinstance(value, int) for value in values)
    return all(abs(value) < (1 << 63 if whole else 1 << 53) for value in values)


def _sound(one: re.Match[str]) -> bool:
    unit = one["unit"] or ""
    if _MONTH.fullmatch(unit) or (unit and not unit[0].isalpha() and unit not in _SIGNS):
        return False
    if bool(one["open"]) != bool(one["close"]) or (one["sign"] == "+" and _SPACES.search(one["digits"])):
        return False  # the second is a telephone number
    return sum(bool(one[name]) for name in ("open", "sign", "sign2")) <= 1 and not (one["money"] and unit)


def _unit(one: re.Match[str]) -> str:
    unit = one["unit"] or one["money"] or ""
    return "ordinal" if unit.lower() in _ORDINAL else unit


def _on_all(unit: str) -> bool:
    """A word or percent must stand behind every number of a column: 5000 BC and 1639, 50% and 0.5 do not compare."""
    return unit == "%" or unit[0].isalpha()


def _codes(found: list[re.Match[str]]) -> bool:
    """Numbers with leading zeros are names, such as post codes and telephone numbers."""
    return any(_CODE.match(one["digits"]) for one in found)


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
    if comma and any("," in one["digits"] for one in good):
        notes.append("decimal commas read")
    for unit in units:
        notes.append(
            {"ordinal": "ordinal endings removed", "%": "values are percent"}.get(unit, f"values are in {unit}")
        )
    if bounds := sorted({one["bound"].strip() for one in good if one["bound"]}):
        notes.append(f"{', '.join(bounds)} before numbers left out")
    if any(one["open"] for one in good):
        notes.append("numbers in parentheses are negative")
    return notes
