"""Chat templates come with a model and are as little trusted as it: rendered sandboxed, in the engine's child."""

from typing import Any, NoReturn

from omniloom.core.errors import EngineError

_PLAIN = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

_LONGEST = 1 << 20


class ChatTemplate:
    """One model's template; ChatML for a model that has none. marks: how its first and last tokens are spelled."""

    def __init__(self, source: str, marks: tuple[str, str]) -> None:
        self._source, self._marks = source or _PLAIN, marks
        self._template: Any = None

    def render(self, messages: list[dict[str, str]], **options: Any) -> str:
        """The whole text, the opening of the answer included. Raises EngineError with what the template says."""
        try:
            if self._template is None:
                self._template = _environment().from_string(self._source)
            text = self._template.render(
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


def _environment() -> Any:
    """As the publishers of models expect it: blocks trimmed, loops that break, JSON without HTML escapes."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    made.filters["tojson"] = _json
    made.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    return made


def _refuse(message: str) -> NoReturn:
    from jinja2.exceptions import TemplateError

    raise TemplateError(message)


def _now(form: str) -> str:
    import time

    return time.strftime(form)


def _json(value: Any, indent: int | None = None) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=indent)
