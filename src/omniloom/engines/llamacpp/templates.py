"""Chat templates come with a model and are as little trusted as it: rendered sandboxed, in the engine's child.

The sandbox keeps a template from what it may not touch; here it is kept from using up the process: its own length,
the time it runs, the memory it takes, and the numbers it can make are bounded.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from omniloom.core.errors import EngineError

_PLAIN = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

_USUAL, _LONGEST = 1 << 16, 1 << 20
_SECONDS = 5.0
_MEMORY = 1 << 30
_BITS = 1 << 16


class ChatTemplate:
    """One model's template; ChatML for a model that has none. marks: how its first and last tokens are spelled."""

    def __init__(self, source: str, marks: tuple[str, str]) -> None:
        self._source, self._marks = source or _PLAIN, marks
        self._template: Any = None

    def render(self, messages: list[dict[str, str]], **options: Any) -> str:
        """The whole text, the opening of the answer included. Raises EngineError with what the template says."""
        try:
            with _bounded_memory(_MEMORY):
                template = self._compiled()
                with _bounded_time(_SECONDS):
                    text = template.render(
                        messages=messages,
                        add_generation_prompt=True,
                        bos_token=self._marks[0],
                        eos_token=self._marks[1],
                        tools=None,
                        **options,
                    )
        except Exception as error:  # a program that a stranger wrote may raise anything
            raise EngineError(f"{type(error).__name__}: {error}"[:500]) from error
        if len(text) > _LONGEST:
            raise EngineError(f"it makes {len(text)} characters of {len(messages)} messages")
        return text

    def warm(self) -> None:
        """Render once, so that the first conversation does not wait for it; what it refuses is told when it is used."""
        with contextlib.suppress(EngineError):
            self.render([{"role": "user", "content": ""}])

    def _compiled(self) -> Any:
        if self._template is None:
            if len(self._source) > _LONGEST:
                raise ValueError(f"it has {len(self._source)} characters")
            made = _environment()
            # What reads a template ends by itself; looking at each call would cost the first answer 10 ms.
            bounded = _bounded_time(_SECONDS, loops=False) if len(self._source) > _USUAL else contextlib.nullcontext()
            with bounded:
                self._template = made.from_string(self._source)
        return self._template


def _environment() -> Any:
    """As the publishers of models expect it: blocks trimmed, loops that break, JSON without HTML escapes."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        """One step of arithmetic is one call that nothing can interrupt: it must not make a thing without end."""

        intercepted_binops = frozenset(["*", "**"])

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if _is_large(operator, left, right):
                raise OverflowError(f"a result of {operator} is too large")
            return super().call_binop(context, operator, left, right)

    made = Bounded(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    made.filters["tojson"] = _json
    made.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    return made


def _refuse(message: str) -> NoReturn:
    from jinja2.exceptions import TemplateError

    raise TemplateError(message)


def _now(form: str) -> str:
    return time.strftime(form)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _is_large(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        return bits > _BITS
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, bytes, list, tuple)) and isinstance(times, int):
            return len(many) * times > _LONGEST
    return False


@contextlib.contextmanager
def _bounded_time(seconds: float, loops: bool = True) -> Iterator[None]:
    """TimeoutError from the first line of Python that this thread comes to after that time; or call, without loops."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def look(*_: Any) -> Any:
        if time.monotonic() > end:
            raise TimeoutError(f"it takes longer than {seconds:g} s")
        return look if loops else None

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def _bounded_memory(more: int) -> Iterator[None]:
    """MemoryError once this process takes that many bytes more, where the system can count them."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(soft, most), hard))
    except (ImportError, OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
