"""The parameters of one call, checked before anything is read or run."""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from pydantic import ValidationError

from omniloom.core.errors import UnsupportedError, UsageError
from omniloom.core.values import Budget, Message, Role, Sampling
from omniloom.reasoning.sample import AUTO

OnLoss = Literal["error", "report"]
Unsupported = Literal["mark", "drop", "abstain"]
MessageLike = Message | Mapping[str, str]

_TURN = '{"role": "user", "content": "..."}'
_STRATEGIES = ("auto", "direct", "weigh", "verify", "sample", "program", "decompose", "solve", "cascade")


@dataclass(frozen=True)
class Call:
    """What `generate` was asked; the fields are its parameters, in their final types. priced: the reasoning budget was
    "auto", and is the most that may be bought. beside: the other model of a cascade, whose calibrator is not ours."""

    inputs: tuple[Any, ...]
    output_modes: tuple[str, ...]
    schema: Any = None
    reasoning_budget: int = 0
    priced: bool = False
    beside: str = ""
    system: str = ""
    messages: tuple[Message, ...] = ()
    sampling: Sampling = Sampling()
    seed: int = 0
    max_output_tokens: int = 512
    stop: tuple[str, ...] = ()
    unsupported: Unsupported = "mark"
    verify: bool = False
    strategy: str = "auto"
    max_risk: float | None = None
    on_loss: OnLoss = "error"
    budget: Budget = field(default_factory=Budget)
    trace: str = ""


def checked(
    inputs: Any,
    *,
    output_modes: Sequence[str] | None = None,
    schema: Any = None,
    reasoning_budget: int | Literal["auto"] = 0,
    system: str | None = None,
    messages: Iterable[MessageLike] = (),
    tools: Sequence[Any] = (),
    strategy: str | None = None,
    sampling: Sampling | Mapping[str, Any] | None = None,
    seed: int = 0,
    max_output_tokens: int = 512,
    stop: str | Sequence[str] = (),
    unsupported: Unsupported = "mark",
    max_risk: float | None = None,
    on_loss: OnLoss = "error",
    budget: Budget | Mapping[str, Any] | None = None,
    timeout: float | None = None,
    trace: str = "",
) -> Call:
    """The Call, or a UsageError that names the parameter and what it takes."""
    _refuse(tools=tools or None)
    _whole(max_output_tokens=(max_output_tokens, 1), seed=(seed, 0))
    thinking = _thinking(reasoning_budget, strategy)
    return Call(
        **_trust("auto" if strategy is None else strategy, unsupported, max_risk, on_loss),
        **thinking,
        inputs=_listed(inputs),
        output_modes=_modes(output_modes, schema),
        schema=schema,
        system=one_text("system", "" if system is None else system),
        messages=_history(messages),
        sampling=_value("sampling", Sampling, sampling),
        seed=seed,
        max_output_tokens=max_output_tokens,
        stop=_texts(stop),
        budget=_with_timeout(_value("budget", Budget, budget), timeout),
        trace=one_text("trace", trace),
    )


def whole_text(text: str) -> str:
    """The text with halves of a surrogate pair joined, and those that stand alone replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_text(name: str, value: Any) -> str:
    """The text, or a UsageError that names the parameter."""
    if not isinstance(value, str):
        raise UsageError(f"{name}={value!r:.80} must be a string", hint=f'such as {name}="..."')
    return whole_text(value)


def several_texts(name: str, value: Any) -> list[str]:
    """The texts of a list, or a UsageError: one string is none, it would be taken letter by letter."""
    listed = list(cast("Iterable[Any]", value)) if isinstance(value, Iterable) else [None]
    if isinstance(value, str) or not all(isinstance(each, str) for each in listed):
        raise UsageError(f"{name}={value!r:.80} is no list of strings", hint=f'such as {name}=["...", "..."]')
    return [whole_text(str(each)) for each in listed]


def _texts(stop: Any) -> tuple[str, ...]:
    given: Any = (stop,) if isinstance(stop, str) and stop else stop
    listed = list(cast("Sequence[Any]", given)) if isinstance(given, Sequence) else [None]
    if not all(isinstance(each, str) and each for each in listed):
        raise UsageError(f"stop={stop!r} is not understood", hint="give a string that ends the answer, or several")
    return tuple(whole_text(str(each)) for each in listed)


def _refuse(**parameters: object) -> None:
    """What has no room yet is refused, never ignored."""
    for name, value in parameters.items():
        if value is not None:
            raise UnsupportedError(f"{name}={value!r} is not available yet", hint=f"leave {name} out")


def _listed(inputs: Any) -> tuple[Any, ...]:
    if isinstance(inputs, (list, tuple)):
        return tuple(cast("list[Any]", inputs))
    if inputs is None:
        raise UsageError("inputs is None", hint="give text, files or tables: inputs=[Text(...), PDF(...)]")
    return (inputs,)


def _modes(output_modes: Sequence[str] | None, schema: Any) -> tuple[str, ...]:
    if output_modes is None:
        return ("text",) if schema is None else ("structured_json",)
    modes = _modes_known(output_modes)
    if "structured_json" in modes and schema is None:
        raise UsageError("output mode 'structured_json' needs a schema", hint='such as schema="name, age int"')
    if schema is not None and "structured_json" not in modes:
        raise UsageError(f"a schema was given, but output_modes is {modes!r}", hint="add 'structured_json'")
    return modes


def _modes_known(given: Any) -> tuple[str, ...]:
    """The modes, each once and known."""
    is_list = isinstance(given, Iterable) and not isinstance(given, str)
    listed: list[Any] = list(cast("Iterable[Any]", given)) if is_list else [given]
    modes = tuple(dict.fromkeys(str(each) for each in listed if isinstance(each, str)))
    texts = bool(listed) and all(isinstance(each, str) for each in listed)
    if texts and {*modes} <= {"text", "structured_json"}:
        return modes
    from omniloom.outputs import modes as known

    if not texts or not {*modes} <= {*known()}:
        raise UsageError(f"output_modes={listed!r} is unknown", hint=f"known are {', '.join(map(repr, known()))}")
    return modes


def _history(messages: Any) -> tuple[Message, ...]:
    if isinstance(messages, (str, Mapping, Message)) or not isinstance(messages, Iterable):
        raise UsageError(f"messages={messages!r:.200} is no list of messages", hint=f"messages=[{_TURN}, ...]")
    return tuple(_message(each) for each in cast("Iterable[MessageLike]", messages))


def _message(each: MessageLike) -> Message:
    if isinstance(each, Message):
        content = tuple(whole_text(item) if isinstance(item, str) else item for item in each.content)
        return each.model_copy(update={"content": content})
    try:
        return Message.model_validate({"role": each["role"], "content": (whole_text(each["content"]),)})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"each of messages needs a role and a text as content, got {each!r:.200}",
            hint=f"such as {_TURN}; a role is one of {', '.join(map(repr, get_args(Role)))}",
        ) from error


def _value(name: str, kind: Any, given: Any) -> Any:
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    try:
        return kind.model_validate(given)
    except ValueError as error:
        fields = ", ".join(kind.model_fields)
        raise UsageError(
            f"{name}={given!r} is not understood{_where(error)}", hint=f"its fields are {fields}"
        ) from error


def _where(error: ValueError) -> str:
    """The first field that is wrong, and what it should be."""
    if not isinstance(error, ValidationError):
        return ""
    first = error.errors()[0]
    return f" at {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}" if first["loc"] else ""


def _with_timeout(budget: Budget, timeout: Any) -> Budget:
    """The budget with the shorter of its seconds and the timeout, and no longer than a clock can wait."""
    if timeout is not None and (
        not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not 0 < timeout < math.inf
    ):
        raise UsageError(f"timeout={timeout!r} must be above 0 seconds", hint="give a number, such as timeout=60")
    given = [seconds for seconds in (budget.seconds, timeout) if seconds is not None]
    return budget.model_copy(update={"seconds": min(*given, threading.TIMEOUT_MAX)}) if given else budget


def _trust(strategy: str, unsupported: Any, max_risk: Any, on_loss: Any) -> dict[str, Any]:
    """The fields of a Call that say how much is checked, and what becomes of what does not hold."""
    _known(strategy=(strategy, _STRATEGIES), unsupported=(unsupported, get_args(Unsupported)))
    _known(on_loss=(on_loss, get_args(OnLoss)))
    if strategy in ("program", "sample", "decompose", "solve", "cascade") and max_risk is not None:
        raise UsageError(f"max_risk promises nothing of strategy={strategy!r}", hint="leave one of them out")
    how = {"strategy": strategy, "verify": strategy == "verify"}
    return how | {"unsupported": unsupported, "max_risk": _risk(max_risk), "on_loss": on_loss}


def _thinking(budget: Any, strategy: str | None) -> dict[str, Any]:
    """The fields of a Call that say how much may be thought."""
    if budget != "auto":
        _whole(" or 'auto'", reasoning_budget=(budget, 0))
        return {"reasoning_budget": budget, "priced": False}
    if strategy not in (None, "auto", "sample", "program"):
        hint = "give a number of tokens, or leave the strategy out"
        raise UsageError(f"reasoning_budget='auto' buys nothing for strategy={strategy!r}", hint=hint)
    return {"reasoning_budget": AUTO, "priced": True}


def _risk(max_risk: Any) -> float | None:
    if max_risk is None:
        return None
    if isinstance(max_risk, bool) or not isinstance(max_risk, (int, float)) or not 0 < max_risk < 1:
        raise UsageError(f"max_risk={max_risk!r} must be between 0 and 1", hint="such as max_risk=0.1")
    return float(max_risk)


def _whole(otherwise: str = "", **parameters: tuple[object, int]) -> None:
    """otherwise: what else the parameter may be."""
    for name, (value, least) in parameters.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UsageError(
                f"{name}={value!r:.80} must be a whole number from {least} up{otherwise}",
                hint=f"such as {name}={max(least, 1)}{otherwise}",
            )


def _known(**parameters: tuple[object, tuple[str, ...]]) -> None:
    for name, (value, known) in parameters.items():
        if value not in known:
            raise UsageError(f"{name}={value!r} is unknown", hint=f"known are {', '.join(map(repr, known))}")
