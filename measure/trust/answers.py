"""From what a peer told to a Response, so that the same scorers look at it as at ours."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from measure.trust.texts import Source
from omniloom.core.locators import Locator
from omniloom.core.values import Citation, Claim, Confidence, Response, Usage
from omniloom.evaluation.values import Sample, Score
from omniloom.reasoning.absence import says_absent

_SILENT = re.compile(
    r"(?i)^\W*(?:(?:i|you|we) )?(?:do not|don['’]?t|does not|doesn['’]?t) know\b|"
    r"^\W*(?:unknown|none|n/?a|not found)\W*$"
)
_ANSWER = re.compile(r'"answer"\s*:\s*"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')


def response(told: dict[str, Any], sample: Sample, sources: Sequence[Source]) -> Response:
    """told: of a peer: answer (None where what it wrote does not parse), text, quotes, tokens, usage, and it may be
    verbalised. Each quote is a claim, which is supported if the quote stands where it is said to."""
    answer = str(cut(told["text"]) if told["answer"] is None else told["answer"]).strip()
    quotes = [each["quote"] for each in told["quotes"]]
    is_json = "schema" in sample.options
    return Response(
        text="" if is_json else answer,
        data={"answer": answer} if is_json else None,
        claims=tuple(_claim(each, answer, sources) for each in told["quotes"]),
        confidence=sure(told, answer),
        abstained=is_silent(answer, quotes),
        usage=_usage(told["usage"]),
        sources=tuple(source.part for source in sources),
    )


def cut(text: str) -> str:
    """The answer in JSON that was cut off after it; the whole text where there is none."""
    found = _ANSWER.search(text)
    return str(json.loads(f'"{found[1]}"')) if found else text


def _usage(told: dict[str, int]) -> Usage:
    cached = min(told["cached"], told["input"])
    return Usage(input_tokens=told["input"], output_tokens=told["output"], cached_tokens=cached)


def is_silent(answer: str, quotes: Sequence[str]) -> bool:
    """Whether it says that it does not know, or that the sources do not say it, in any of many ways."""
    return not answer.strip() or _SILENT.search(answer) is not None or says_absent(answer, quotes)


def _claim(quoted: dict[str, str], answer: str, sources: Sequence[Source]) -> Claim:
    source = next((each for each in sources if each.part.name == quoted["source"]), None)
    place = source.find(quoted["quote"]) if source else None
    locator = place or Locator()
    cited = Citation(
        source=source.part.id if source else "",
        locator=locator,
        quote=quoted["quote"],
        url=f"{quoted['source']}#{locator.fragment}",
        segment=0,
    )
    return Claim(at=(0, len(answer)), text=answer, citations=(cited,), supported=place is not None)


def standing(sample: Sample, response: Response) -> Score:
    """`citations_verbatim` and `cited` of a peer, as `verbatim` tells them of ours; white space in a quote is free."""
    found = [claim.supported for claim in response.claims]
    values = {"cited": float(bool(found))}
    if found:
        values["citations_verbatim"] = sum(found) / len(found)
    wrong = [claim.citations[0].quote for claim in response.claims if not claim.supported]
    return Score(values, "", f"not there: {wrong}" if wrong else "")


def sure(told: dict[str, Any], answer: str) -> Confidence | None:
    """The mean log-probability of the tokens of the answer, quotes apart; all of them where it is not found in them."""
    chosen = spanned(told["tokens"], answer)
    if not chosen:
        return None
    mean = math.fsum(chosen) / len(chosen)
    found = {"logprob_mean": mean, "answer_tokens": float(len(chosen))}
    if told.get("verbalised") is not None:
        found["verbalised"] = float(told["verbalised"])
    return Confidence(value=math.exp(mean), method="mean_token_probability", signals=found)


def spanned(tokens: Sequence[Sequence[Any]], answer: str) -> list[float]:
    """The log-probabilities of the tokens in which the answer stands: as the value of "answer", if there is such."""
    whole = "".join(str(token) for token, _ in tokens)
    key = whole.find('"answer"')
    start = whole.find(answer, key + len('"answer"') if key >= 0 else 0) if answer else -1
    if start < 0:
        return [float(logprob) for _, logprob in tokens]
    found, at = list[float](), 0
    for token, logprob in tokens:
        if at < start + len(answer) and at + len(str(token)) > start:
            found.append(float(logprob))
        at += len(str(token))
    return found
