"""The failure atlas: kinds, clusters, and each failure with what was cited beside what was expected."""

import base64
from collections.abc import Iterator, Sequence

from omniloom.rendering.report.values import Cluster, Failure, Kind, Piece, Shown
from omniloom.rendering.report.words import one_line, safe

_FULL_BYTES, _SHORT_BYTES = 13_000_000, 16_000_000  # of HTML: after these a failure is one line, then only counted
_QUESTION, _ANSWER, _FACT, _TRACE, _QUOTE, _PIECE, _CELL = 2000, 4000, 400, 6000, 600, 1500, 120
_PLACES, _FACTS, _ROWS, _COLUMNS = 6, 40, 12, 12


class Room:
    """What of a page's bytes is left for failures."""

    def __init__(self, full: int = _FULL_BYTES, short: int = _SHORT_BYTES) -> None:
        self._full, self._short, self._used = full, short, 0

    def of(self, failure: Failure) -> str:
        """The failure in full, or in one line, or "", as there is room."""
        if self._used < self._full and self._fits(made := _failure(failure), self._full):
            return made
        return made if self._fits(made := f"<p>{_line(failure)}</p>", self._short) else ""

    def _fits(self, made: str, most: int) -> bool:
        size = len(made.encode())
        if self._used + size > most:
            return False
        self._used += size
        return True


def atlas(kinds: Sequence[Kind], room: Room) -> Iterator[str]:
    """Pieces of HTML."""
    for kind in kinds:
        yield f'<details class="kind"><summary><span class="count">{kind.count:,}</span>{safe(kind.name)}</summary>'
        yield f'<p class="soft">{safe(kind.meaning)}</p>'
        for cluster in kind.clusters:
            yield from _cluster(cluster, room)
        yield "</details>\n"


def _cluster(cluster: Cluster, room: Room) -> Iterator[str]:
    words = ", ".join(one_line(word, 30) for word in cluster.words) or "questions unlike the others"
    yield f'<details><summary><span class="count">{len(cluster.failures):,}</span>{words}</summary>'
    left_out = 0
    for failure in cluster.failures:
        made = room.of(failure)
        left_out += not made
        yield made
    yield f'<p class="soft">{left_out:,} more are in the log.</p>' if left_out else ""
    yield "</details>\n"


def _line(failure: Failure) -> str:
    given = one_line(failure.given, 80) or "<i>nothing</i>"
    return f"<code>{one_line(failure.id, 60)}</code> <bdi>{one_line(failure.question, 160)}</bdi> → <bdi>{given}</bdi>"


def _failure(failure: Failure) -> str:
    told = [
        ("question", safe(failure.question, _QUESTION)),
        ("expected", safe(failure.expected, _ANSWER) or "<i>no answer: the sources do not say it</i>"),
        ("given", safe(failure.given, _ANSWER) or "<i>nothing</i>"),
        *((one_line(name, 60), safe(value, _FACT)) for name, value in failure.facts[:_FACTS]),
    ]
    listed = "".join(f'<dt>{name}</dt><dd dir="auto">{value}</dd>' for name, value in told)
    tree = f'<pre tabindex="0">{safe(failure.trace, _TRACE)}</pre>'
    trace = f'<details class="plain"><summary>Trace</summary>{tree}</details>'
    return (
        f"<details><summary>{_line(failure)}</summary><dl>{listed}</dl>"
        f'<div class="sides"><div><h4>Cited</h4>{_places(failure.cited, "Nothing was cited.")}</div>'
        f"<div><h4>Expected</h4>{_places(failure.wanted, 'No place is expected.')}</div></div>"
        f"{trace if failure.trace else ''}</details>\n"
    )


def _places(places: Sequence[Shown], none: str) -> str:
    made = "".join(_place(each) for each in places[:_PLACES]) or f'<p class="soft">{none}</p>'
    more = len(places) - _PLACES
    return made + (f'<p class="soft">{more:,} more places</p>' if more > 0 else "")


def _place(shown: Shown) -> str:
    quote = f'<p dir="auto">“{safe(shown.quote, _QUOTE)}”</p>' if shown.quote else ""
    if shown.picture:
        data = base64.b64encode(shown.picture).decode()
        alt = f"{one_line(shown.place)}, the place in a frame"
        content = f'<img loading="lazy" alt="{alt}" src="data:image/webp;base64,{data}">' + quote
    elif shown.rows:
        content = _rows(shown)
    elif shown.pieces:
        content = f'<p dir="auto">{"".join(map(_piece, shown.pieces))}</p>'
    else:
        content = quote
    missing = f'<p class="soft">{safe(shown.missing)}</p>' if shown.missing else ""
    command = f"<p><code>{safe(shown.command, 1000)}</code></p>" if shown.command else ""
    return f'<div class="place"><b>{one_line(shown.place)}</b>{content}{missing}{command}</div>'


def _piece(piece: Piece) -> str:
    text = safe(piece.text, _PIECE)
    return f"<mark>{text}</mark>" if piece.marked else text


def _rows(shown: Shown) -> str:
    """The first row is the header, the first column the number of the row."""
    lines: list[str] = []
    for at, row in enumerate(shown.rows[:_ROWS]):
        kind = 'th scope="col"' if at == 0 else "td"
        cells = "".join(
            f"<{kind}{' class=mark' if each.marked else ''}>{one_line(each.text, _CELL)}</{kind[:2]}>"
            for each in row[:_COLUMNS]
        )
        lines.append(f"<tr>{cells}</tr>")
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="rows"><table class="sheet">'
        f"<caption>{one_line(shown.place)}</caption>{''.join(lines)}</table></div>"
    )
