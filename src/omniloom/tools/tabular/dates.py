"""Columns of dates, in the forms that English and ISO tables write them."""

import re
from datetime import date

_MONTHS = "january february march april may june july august september october november december".split()
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:[T ]00:00(?::00)?)?")
_NAMED = (
    re.compile(rf"{_WEEKDAY}{MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"{_WEEKDAY}{_DAY}[\s-]+{MONTH},?[\s-]+(?P<year>\d{{4}})", re.IGNORECASE),
)
_SHORT = re.compile(r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})")


def dates(cells: list[str], least: float) -> tuple[list[date | None], list[str]] | None:
    """The cells as dates with notes, or None where fewer than `least` are, or day and month cannot be told apart."""
    short = [one for cell in cells if (one := _SHORT.fullmatch(cell))]
    day_first = _day_first(short)
    if short and day_first is None:
        return None
    values = [_date(cell, bool(day_first)) for cell in cells]
    if not any(values) or sum(value is not None for value in values) < least * len(cells):
        return None
    return values, ["read as day, month, year" if day_first else "read as month, day, year"] if short else []


def _day_first(short: list[re.Match[str]]) -> bool | None:
    """None where nothing tells; points are used by those who write the day first."""
    first, second = any(int(one["first"]) > 12 for one in short), any(int(one["second"]) > 12 for one in short)
    if first != second:
        return first
    return True if short and not first and all(one["mark"] == "." for one in short) else None


def _date(cell: str, day_first: bool) -> date | None:
    if found := _ISO.fullmatch(cell):
        return _made(found["year"], found["month"], found["day"])
    for form in _NAMED:
        if found := form.fullmatch(cell):
            at = next(at for at, name in enumerate(_MONTHS, 1) if name.startswith(found["month"][:3].lower()))
            return _made(found["year"], at, found["day"])
    if found := _SHORT.fullmatch(cell):
        day, month = (found["first"], found["second"]) if day_first else (found["second"], found["first"])
        return _made(found["year"], month, day)
    return None


def _made(year: str, month: str | int, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
