"""A Locator in words, for people."""

from omniloom.core.locators import Locator

ELSEWHERE = "name a place that is in the file; if it changed since the answer, ask again"


def in_words(locator: Locator) -> str:
    """Such as "page 2, upper right", "1:02.5 to 1:08.0", "rows 3 to 5, columns 2 to 4"."""
    words: list[str] = []
    if locator.member:
        words.append(f"in {locator.member}")
    if locator.sheet:
        words.append(f"sheet {locator.sheet}")
    if locator.page is not None:
        words.append(f"page {locator.page}")
    if locator.time is not None:
        words.append(f"{_clock(locator.time[0])} to {_clock(locator.time[1])}")
    if locator.box is not None:
        left, top, width, height = locator.box
        rows, columns = ("upper", "middle", "lower"), ("left", "centre", "right")
        row, column = rows[min(int((top + height / 2) * 3), 2)], columns[min(int((left + width / 2) * 3), 2)]
        words.append(f"{row} {column}")
    if locator.cells is not None:
        first, left_column, last, right_column = locator.cells
        rows_said = f"row {first}" if first == last else f"rows {first} to {last}"
        one = left_column == right_column
        words += [rows_said, f"column {left_column}" if one else f"columns {left_column} to {right_column}"]
    if locator.chars is not None:
        words.append(f"characters {locator.chars[0]} to {locator.chars[1]}")
    if locator.pointer:
        words.append(locator.pointer)
    return ", ".join(words) or "the whole source"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
