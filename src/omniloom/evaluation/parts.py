"""The sources of a sample as text that can be changed, and samples with other sources."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePath

from omniloom.core.values import Part
from omniloom.evaluation.values import Sample


def sources(sample: Sample) -> list[Part]:
    """The Parts that may be cited, in their order."""
    return [each for each in sample.inputs if isinstance(each, Part) and each.is_source]


def content(part: Part) -> bytes:
    return part.data if part.data is not None else Path(part.path or "").read_bytes()


def text_of(part: Part) -> str | None:
    """What a text file or a delimited table says; None for what is not plain text in UTF-8."""
    if part.kind not in ("text", "table") or part.frame is not None or not part.is_source:
        return None
    try:
        text = content(part).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def with_text(part: Part, text: str, name: str = "") -> Part:
    """The same kind of source with other text."""
    return part.model_copy(update={"data": text.encode(), "path": None, "name": name or part.name})


def with_sources(sample: Sample, changed: Iterable[Part]) -> Sample:
    """The sample with these sources in place of its own. What is said stays where it is, further sources come last."""
    left = list(changed)
    inputs = [each if not _is_source(each) else left.pop(0) for each in sample.inputs if left or not _is_source(each)]
    return replace(sample, inputs=(*inputs, *left))


def each_source(sample: Sample, change: Callable[[Part], Part]) -> Sample:
    return with_sources(sample, [change(part) for part in sources(sample)])


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The name, with a number before its ending where another source has it."""
    names, path, number = set(taken), PurePath(wanted), 1
    while wanted in names:
        number += 1
        wanted = f"{path.stem}-{number}{path.suffix}"
    return wanted


def _is_source(each: Part | str) -> bool:
    return isinstance(each, Part) and each.is_source
