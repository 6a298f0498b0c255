"""An answer as one HTML file: no script, no network, every picture inside."""

import base64
import json
import re
from collections.abc import Mapping
from html import escape

from omniloom.core.events import Trace
from omniloom.core.values import Response
from omniloom.rendering.place import in_words
from omniloom.rendering.terminal import computations, distinct_citations, lost, unsupported_fields

_STYLE = """
:root{color-scheme:light dark;--ink:#1d1d21;--paper:#fff;--line:#dcdce3;--soft:#6b6b75;--card:#f7f7fa}
@media(prefers-color-scheme:dark){:root{--ink:#ececf1;--paper:#17171b;--line:#34343c;--soft:#9c9ca8;--card:#202026}}
body{font:17px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:52rem;
margin:2rem auto;padding:0 1rem}
.answer{white-space:pre-wrap}sup a,a{color:#c2540a;text-decoration:none}.soft{color:var(--soft);font-size:.85rem}
.card{border:1px solid var(--line);border-radius:10px;background:var(--card);padding:1rem;margin:1rem 0}
.card img{max-width:100%;border-radius:6px}blockquote{margin:.5rem 0;padding-left:.8rem;border-left:3px solid #d65c14}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;overflow:auto}
.loss{border-left:3px solid #c0392b;padding-left:.8rem}
"""


def answer_html(
    response: Response, pictures: Mapping[tuple[str, str], bytes], *, question: str = "", trace: Trace | None = None
) -> str:
    """The file. pictures: (citation url, quote) → PNG; a citation without one keeps its words."""
    names = {part.id: part.name for part in response.sources}
    cards: list[str] = []
    for number, citation in enumerate(distinct_citations(response), 1):
        picture = pictures.get((citation.url, citation.quote))
        drawn = f'<img alt="the cited place" src="data:image/png;base64,{_base64(picture)}">' if picture else ""
        place = f"{names.get(citation.source, '?')}, {in_words(citation.locator)}"
        cards.append(
            f'<section class="card" id="c{number}"><b>[{number}]</b> {escape(place)}'
            f"<blockquote>{escape(citation.quote)}</blockquote>{drawn}</section>"
        )
    data = ""
    if response.data is not None:
        shown = json.dumps(response.model_dump(mode="json")["data"], indent=2, ensure_ascii=False)
        data = f"<h2>Data</h2><pre>{escape(shown)}</pre>"
    notes = [f"{at}: {value!r} stands in no source" for at, value in unsupported_fields(response)]
    notes += lost(response)
    losses = "".join(f'<p class="loss">{escape(note)}</p>' for note in notes)
    computed = "".join(f"<pre>{escape(each)}</pre>" for each in computations(response))
    title = escape(question.strip() or "Answer")
    made = f"<h2>How it was computed</h2>{computed}" if computed else ""
    stands = f"<h2>Where it stands</h2>{''.join(cards)}" if cards else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<div class='answer'>{_linked(response.text, len(cards))}</div>{data}"
        f"{made}{stands}{losses}<p class='soft'>{escape(_foot(response, trace))}</p></html>"
    )


def _linked(text: str, count: int) -> str:
    """The markers [1] as links to their cards; a number without a card stays text."""

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        return f'<sup><a href="#c{number}">[{number}]</a></sup>' if 0 < number <= count else match[0]

    return re.sub(r"\[(\d{1,4})\]", link, escape(text))


def _foot(response: Response, trace: Trace | None) -> str:
    usage = response.usage
    score = response.confidence
    parts = [f"{usage.input_tokens} tokens in, {usage.output_tokens} out", f"trace {response.trace_id}"]
    if score is not None:
        kind = "probability" if score.calibrator else "score, not a probability"
        parts.append(f"{score.method} {score.value:.2f} ({kind})")
    if trace is not None:
        parts.append(f"{len(trace.spans)} steps")
    return " · ".join(parts)


def _base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode()
