"""Constraints as grammars: what a regex may hold."""

import pytest

from omniloom.core.values import Constraint
from omniloom.engines import constraints


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (r"\d{4}/\d{2}", "2020/12"),
        (r"\d{4}\/\d{2}", "2020/12"),  # as many escape it for other languages
        (r"a\\/b", r"a\/b"),
        (r"a\\\/b", r"a\/b"),
        (r"[\/]+[/]", "///"),
        ("one\ntwo", "one\ntwo"),
        ("one\\\ntwo", "one\ntwo"),
        (r"one\ntwo", "one\ntwo"),
    ],
)
def test_slashes_and_new_lines_of_a_regex_stand_for_themselves(regex: str, text: str) -> None:
    constraint = Constraint(kind="regex", value=regex)
    assert constraints.refusal(constraint) is None
    assert constraints.fits(constraint, text)
    assert not constraints.fits(constraint, f"{text}\\")
