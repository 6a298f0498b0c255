"""Whether citations lie where the answer stands, by the places that a sample is labelled with."""

from omniloom.core.values import Citation, Response
from omniloom.evaluation.scorers import at_place, distinct
from omniloom.evaluation.values import Place, Sample, Score


def citing(sample: Sample, response: Response) -> Score:
    """`citation_precision`: the share of citations that are right; `citation_recall`: the share of the labelled places
    that one of them is right for. Neither is defined for a question that the sources do not answer, and precision not
    for an answer that cites nothing."""
    if not sample.places:
        return Score({})
    given = distinct(response)
    right = [[is_right(each, place, sample, response) for place in sample.places] for each in given]
    reached = [any(row[at] for row in right) for at in range(len(sample.places))]
    values = {"citation_recall": sum(reached) / len(reached)}
    if given:
        values["citation_precision"] = sum(map(any, right)) / len(given)
    missed = [f"{p.source}#{p.fragment} {p.quote!r}" for p, hit in zip(sample.places, reached, strict=True) if not hit]
    wrong = [f"{each.url} {each.quote[:80]!r}" for each, row in zip(given, right, strict=True) if not any(row)]
    why = [f"not cited: {'; '.join(missed)}"] if missed else []
    why += [f"cited in vain: {'; '.join(wrong)}"] if wrong else []
    return Score(values, "; ".join(each.url for each in given), ". ".join(why))


def is_right(citation: Citation, place: Place, sample: Sample, response: Response) -> bool:
    """Right is a citation of the labelled source whose region overlaps the labelled one, or whose quote has the words
    of the place in it, or an answer: what is said twice may be cited at either place."""
    if at_place(citation, place, response):
        return True
    return any(at_place(citation, Place(place.source, answer), response) for answer in sample.target if answer)
