"""A sound file read as speech: what the audio reader gives, and the video reader for its soundtrack."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from omniloom.core.errors import WeightsError
from omniloom.core.events import Progress
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs.sound import doubt, sentences
from omniloom.inputs.sound.decode import RATE, Pcm
from omniloom.inputs.sound.voice import ON, ON_SHORT, SHORT, Window, pieces, windows
from omniloom.inputs.sound.whisper import Recogniser, Utterance

ROLES = ("whisper-base", "asr", "model")


def speech_folder(source: Source) -> Path:
    """The folder of the speech model. Raises WeightsError when none was given or it is not there."""
    for role in ROLES:
        place = source.weights.get(role)
        if place is not None:
            folder = place if place.is_dir() else place.parent
            if folder.is_dir():
                return folder
    raise WeightsError("the speech model whisper-base is not here", hint="omniloom pull whisper-base")


def listen(source: Source, made_by: str) -> Iterator[Segment | Loss | Progress]:
    """Segments in order of time, then the losses. Raises what `Pcm.blocks` and `Recogniser` raise."""
    folder = speech_folder(source)
    pcm = Pcm(source.path, source.id)
    blocks = pcm.blocks()
    head, short = _head(blocks)
    blocks = chain(head, blocks)
    recogniser: Recogniser | None = None
    heard = 0.0
    pending: list[sentences.Judged] = []
    unclear: list[tuple[float, float]] = []
    for window in windows(pieces(blocks, ON_SHORT if short else ON)):
        yield Progress(step="read", done=round(pcm.seconds, 1), total=_total(pcm), unit="seconds")
        if window is None:
            continue
        recogniser = recogniser or Recogniser(folder, str(source.options.get("language", "")))
        heard += window.seconds
        pending.extend(_judged(recogniser(window), window, unclear))
        *done, pending = [*sentences.sentences(pending)] or [[]]  # the last one may go on in the next window
        yield from (sentences.segment(group, source.id, made_by) for group in done)
    yield from (sentences.segment(group, source.id, made_by) for group in sentences.sentences(pending))
    yield Progress(step="read", done=round(pcm.seconds, 1), total=round(pcm.seconds, 1), unit="seconds")
    yield from pcm.losses
    yield from _losses(source.id, pcm, heard, unclear)


def _head(blocks: Iterator[Any]) -> tuple[list[Any], bool]:
    """The first blocks, and whether the file ends before SHORT seconds."""
    head: list[Any] = []
    while sum(len(block) for block in head) < SHORT * RATE:
        block = next(blocks, None)
        if block is None:
            return head, True
        head.append(block)
    return head, False


def _judged(
    found: Iterable[Utterance], window: Window, unclear: list[tuple[float, float]]
) -> Iterator[sentences.Judged]:
    any_kept = False
    for utterance in found:
        words = doubt.believed(utterance.words)
        confidence = doubt.judge(utterance) if words else 0.0
        if confidence < doubt.LEAST:
            continue
        any_kept = True
        yield from ((word, confidence) for word in words)
    if not any_kept:
        unclear.append(window.span())


def _total(pcm: Pcm) -> float:
    return round(max(pcm.declared, pcm.seconds), 1)


def _losses(part: str, pcm: Pcm, heard: float, unclear: list[tuple[float, float]]) -> Iterator[Loss]:
    for start, end in unclear:
        yield Loss(
            kind="unintelligible",
            severity="reduced",
            part=part,
            detail=f"there may be speech from {start:.1f} to {end:.1f} s, but no words could be made out",
            locator=Locator(time=(round(start, 2), round(max(start, end), 2))),
        )
    silent = max(pcm.seconds - heard, 0.0)
    yield Loss(
        kind="not_heard",
        severity="reduced",
        part=part,
        detail=f"sounds other than speech are not heard; {silent:.1f} of {pcm.seconds:.1f} s hold no speech",
    )
