"""Which examples stand beside a question."""

import pytest

from omniloom.reasoning.demonstrations import EXAMPLES, beside


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ("who was elected after Tom Andrews?", "+ 1"),
        ("which tournament was before the Estoril Open?", "- 1"),
        ("who won after 1990, in the end?", ""),
        ("how many games had more than two goals?", ">= 20"),
        ("which building has the same number of floors as the Lumber Exchange?", "NOT ILIKE '%ajax%'"),
        ("who scored more, Lee or Dahl?", 'OR "Team" ILIKE'),
        ("who is the youngest?", 'ORDER BY "Points" DESC'),
        ("explain the table", ""),
    ],
)
def test_the_example_most_like_a_question_stands_next_to_it(question: str, nearest: str) -> None:
    told = beside(question)
    queries = [line for line in told.splitlines() if line.startswith("SELECT")]
    assert len(queries) <= 2
    assert nearest in queries[-1] if nearest else told == ""
    assert all(query in EXAMPLES for query in queries)
