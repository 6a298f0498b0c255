"""Where a model's thinking begins and ends in the prompt, whatever its template already wrote."""

from typing import NamedTuple


class Tags(NamedTuple):
    start: str
    end: str


def open_lead(tags: Tags, tail: str) -> str:
    """What opens the thinking; nothing if the template's tail did."""
    return "" if _opened(tags, tail) else f"{tags.start}\n"


def answer_lead(tags: Tags, tail: str, thought: bool) -> str:
    """What stands between the thinking, or the template's tail if there was none, and the answer."""
    if thought:
        return f"\n{tags.end}\n\n"
    if _opened(tags, tail):
        return f"\n{tags.end}\n\n"
    return "" if tags.end in tail else f"{tags.start}\n\n{tags.end}\n\n"


def _opened(tags: Tags, tail: str) -> bool:
    return tail.rfind(tags.start) > tail.rfind(tags.end)
