"""What counts as a disagreement between sources."""

from omniloom.core.values import Segment
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.survey import candidates


def found(first: str, second: str) -> int:
    segments = [Segment(source=name, content=text, made_by="test") for name, text in (("a", first), ("b", second))]
    return len(candidates(Passages(segments, {"a": "a.pdf", "b": "b.mp3"})))


def test_other_values_of_one_unit_and_topic_are_candidates() -> None:
    assert found("Energy use fell by 18 percent.", "We measured again: energy use fell by only 11%.") == 1
    assert found("The trial ran for six weeks.", "How long did the trial run? It ran for four weeks.") == 1


def test_shared_values_other_units_and_other_topics_are_none() -> None:
    assert found("It stayed close to 410 jobs per second.", "It went from 410 to 820 jobs per second.") == 0
    assert found("The trial ran for six weeks.", "The trial ran on six machines.") == 0
    assert found("Energy per 1,000 jobs (Wh) | 50 | 41", "It went from 410 to 820 jobs per second.") == 0
    assert found("Energy use fell by 18 percent.", "Ticket prices rose 11 percent.") == 0
