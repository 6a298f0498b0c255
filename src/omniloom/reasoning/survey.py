"""Go through several sources one by one.

A small model that is shown five sources at once mixes them up (measured: docs/lab-log.md). Shown one at a time, it
reports what stands there; the kept state of each source serves every set it is asked in.
"""

import re

from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Part
from omniloom.reasoning.ground import Passages, without_pointers
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.sentences import whole
from omniloom.reasoning.wording import tokens

MAX_SOURCES = 8
FINDING_TOKENS = 160
_FINDINGS = 4
_VERBS = (
    r"(?:analy[sz]e|summari[sz]e|compare|contrast|review|discuss|cross-?(?:reference|check|examine)|outline|"
    r"(?:analysier|vergleich|überprüf)\w*|fass\w*.{0,60}zusammen|(?:analyse|résume|compare)[rz]?|"
    r"(?:analiza|compara|resume|analizza|confronta|riassumi)r?)"
)
_ALL = r"(?:sources|files|documents|inputs|papers|these|them|they|both|quellen|dateien|dokumente|documents|fuentes)"
# A request to go through the sources: its verb opens a clause, or it asks for what only all of them together hold.
_BROAD = re.compile(
    rf"(?:^|[.!?,;:]\s*|\b(?:and|then|please|to|you|und|bitte|et|y)\s+){_VERBS}\b|"
    r"\b(?:overview|summary|comparison|zusammenfassung|übersicht|vergleich|résumé|resumen) (?:of|over|von|über|de)\b|"
    rf"\b{_ALL}\b.{{0,60}}\b(?:dis)?(?:agree|differ|contradict|conflict|consistent|widersprech|contredi)|"
    rf"\b(?:contradict\w*|disagree\w*|discrepanc\w*|inconsistenc\w*|conflicts?|widerspr\w*)\b.{{0,40}}\b{_ALL}\b|"
    rf"\b(?:all|each|every|jede\w?|alle|chaque|cada)\b.{{0,12}}\b(?:source|file|document|quelle|datei|dokument)",
    re.IGNORECASE,
)
_FIND = (
    "Request: {said}\n\nList the up to {most} most important facts that this source states, one short sentence per "
    "line, each ending with its passage number like [{example}]. Only facts that are written in the source."
)


def is_broad(task: Task) -> bool:
    """Whether the request is about the sources as a whole, and there are several, but not too many to visit.

    A question within a conversation is none: each visit would have to be told all of it.
    """
    several = 1 < len(task.parts) <= MAX_SOURCES and not task.history
    return several and (not task.said or _BROAD.search(task.said) is not None)


def visit(run: Run, task: Task, part: Part) -> Completion | None:
    """What the model says of one source; None if nothing of it is shown."""
    indices = passages_of(task.passages, part)
    if not indices:
        return None
    most = min(_FINDINGS, len(indices) + 1)
    instruction = _FIND.format(said=task.said or "Analyze the sources.", most=most, example=task.numbers[indices[0]])
    asked = request(task, instruction, only=part, max_output_tokens=FINDING_TOKENS)
    return run.ask(asked, purpose=f"survey {part.name}", partial=True)


def findings(done: Completion, *, cut: bool) -> str:
    """The facts one source contributes, one a line with pointers. cut: by a budget; then none but whole ones."""
    text = done.text.strip()
    if cut or done.finish_reason == "length":
        text = text[: whole(text)] or ("" if cut else text)
    return "\n".join(line for line in text.splitlines() if _says_something(line))


def _says_something(line: str) -> bool:
    """Whether a line has two words beside its numbers: the axis labels of a chart are no findings."""
    return sum(word.kind != "number" for word in tokens(without_pointers(line))) > 1


def passages_of(passages: Passages, part: Part) -> list[int]:
    return [index for index, segment in enumerate(passages.segments) if segment.source == part.id]
