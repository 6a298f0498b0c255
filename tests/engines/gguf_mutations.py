"""Model files that are wrong in one to four places: seeded, and aimed at what parsers of the format believe."""

import random
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_ODD = [0, 1, 2, 3, 7, 63, 65, 255, 256, 1 << 15, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 44, (1 << 63) - 1]
_ODD += [1 << 63, (1 << 64) - 1, (1 << 64) - 32, (1 << 61) + 1]
TEMPLATES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ range(10**12)|list }}",
    "{{ 'x' * 10**12 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ 9 ** 999999999 }}",
    "{% for message in messages %}{{ message['content'] }}",
    "{{ '%0999999999d'|format(1) }}",
]


class Mark(NamedTuple):
    """A number in the header: `width` bytes at `at`, and what it is: count, length, type, value, size or offset."""

    at: int
    width: int
    kind: str


class Marks:
    """Walks a well-formed header. found: its numbers. fields, tensors: where each begins and ends. end: of it all."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 4
        self.found: list[Mark] = []
        self._number(4, "version")
        tensors, fields = self._number(8, "count"), self._number(8, "count")
        self.fields = [self._span(self._field) for _ in range(fields)]
        self.tensors = [self._span(self._tensor) for _ in range(tensors)]
        self.end = self._at

    def _span(self, walk: Callable[[], None]) -> tuple[int, int]:
        start = self._at
        walk()
        return start, self._at

    def _number(self, width: int, kind: str) -> int:
        self.found.append(Mark(self._at, width, kind))
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "little")

    def _text(self) -> None:
        length = self._number(8, "length")
        self._at += length

    def _field(self) -> None:
        self._text()
        self._value(self._number(4, "type"))

    def _value(self, kind: int) -> None:
        if kind == _STRING:
            self._text()
        elif kind == _ARRAY:
            inner, count = self._number(4, "type"), self._number(8, "count")
            if inner in _WIDTHS:
                self._at += count * _WIDTHS[inner]
            else:
                for _ in range(count):
                    self._value(inner)
        else:
            self._number(_WIDTHS[kind], "value")

    def _tensor(self) -> None:
        self._text()
        for _ in range(self._number(4, "count")):
            self._number(8, "size")
        self._number(4, "type")
        self._number(8, "offset")


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`count` files made from the well-formed `data`."""
    marks = Marks(data)
    # Of hundreds of equal lengths in a vocabulary a few are enough: the rest would hide everything else.
    few = [mark for mark in marks.found if mark.kind != "length"]
    few += random.Random(seed).sample([mark for mark in marks.found if mark.kind == "length"], 20)
    for number in range(count):
        yield _mutated(data, marks, few, random.Random(seed * 1_000_003 + number))


def _mutated(data: bytes, marks: Marks, few: list[Mark], chance: random.Random) -> bytes:
    way = chance.random()
    if way < 0.12:
        return data[: chance.randrange(chance.choice([marks.end, len(data)]))]
    if way < 0.2:
        return _moved(data, marks, chance)
    if way < 0.25:
        return with_template(data, chance.choice(TEMPLATES))
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        if chance.random() < 0.25:
            changed[chance.randrange(marks.end)] ^= 1 << chance.randrange(8)
            continue
        mark = chance.choice(few)
        changed[mark.at : mark.at + mark.width] = _number(bytes(changed), mark, chance)
    return bytes(changed)


def _number(data: bytes, mark: Mark, chance: random.Random) -> bytes:
    """Something odd, or something near what it was; for a type, another type."""
    old = int.from_bytes(data[mark.at : mark.at + mark.width], "little")
    if mark.kind == "type":
        new = chance.randrange(45)
    elif chance.random() < 0.4:
        new = old + chance.choice([-64, -32, -8, -1, 1, 8, 32, 64])
    elif mark.width == 4 and chance.random() < 0.3:
        return struct.pack("<f", chance.choice([float("nan"), float("inf"), -1.0, 1e38, 1e-45]))
    else:
        new = chance.choice([*_ODD, len(data), len(data) - mark.at, old * 2, chance.getrandbits(64)])
    return (new % (1 << (8 * mark.width))).to_bytes(mark.width, "little")


def _moved(data: bytes, marks: Marks, chance: random.Random) -> bytes:
    """A field or a tensor twice, another way round, or missing while the count says otherwise."""
    spans = chance.choice([marks.fields, marks.tensors])
    one, other = sorted(chance.sample(spans, 2))
    first, second = data[slice(*one)], data[slice(*other)]
    between = data[one[1] : other[0]]
    middle = chance.choice([second + between + first, first + between + first, between + second, second + between])
    return data[: one[0]] + middle + data[other[1] :]


def with_template(data: bytes, template: str) -> bytes:
    """The file with a chat template, its data still aligned."""
    marks = Marks(data)
    key, text = b"tokenizer.chat_template", template.encode()
    field = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", _STRING, len(text)) + text
    at = marks.fields[-1][1]
    header = data[:at] + field + data[at : marks.end]
    count = int.from_bytes(data[16:24], "little") + 1
    header = header[:16] + struct.pack("<Q", count) + header[24:]
    start = -(-marks.end // 32) * 32
    return header + bytes(-len(header) % 32) + data[start:]
