"""Python as a tool: what a model is told of it, and what its function gives."""

from pathlib import Path

import jsonschema
import pytest

from omniloom.core.errors import UnsupportedError
from omniloom.core.values import Tool
from omniloom.isolation import Level, Outcome, level
from omniloom.isolation.programs import PROGRAM_LIMITS, confined
from omniloom.tools.python import python

runs = pytest.mark.skipif(not confined(level()), reason="this system has no Landlock or no seccomp")


def call(tool: Tool, **arguments: object) -> Outcome:
    jsonschema.validate(arguments, tool.parameters)
    assert tool.function is not None
    return tool.function(**arguments)


def test_what_a_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = python()
    assert (tool.name, tool.effects) == ("python", {"execute"})
    assert "numpy" in tool.description and "no network" in tool.description
    jsonschema.Draft202012Validator.check_schema(tool.parameters)
    for wrong in ({}, {"code": 1}, {"code": "1", "more": 2}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, tool.parameters)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "sympy" not in python().description


@runs
def test_a_program() -> None:
    outcome = call(python(), code="print('half of it:')\n3 / 2")
    assert outcome.ok and outcome.text == "half of it:\nvalue: 1.5"
    failed = call(python(), code="3 / 0")
    assert not failed.ok and failed.text == "error: line 1: 3 / 0\nZeroDivisionError: division by zero"


@runs
def test_its_limits() -> None:
    tool = python(limits=PROGRAM_LIMITS.model_copy(update={"wall_seconds": 1.0}))
    outcome = call(tool, code="import time\ntime.sleep(60)")
    assert outcome.stopped == "time" and "longer than 1 s" in outcome.text


@runs
@pytest.mark.timeout(900)  # the interpreter is built if no test did so yet
def test_inside_webassembly(component: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omniloom.tools.python.home", lambda: component.parent.parent)
    tool = python(interpreter="wasi")
    assert "numpy" not in tool.description
    outcome = call(tool, code="import sys\nprint(sys.platform)\n3 / 2")
    assert outcome.ok and outcome.text == "wasi\nvalue: 1.5"


def test_webassembly_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omniloom.isolation.building.available", lambda: False)
    with pytest.raises(UnsupportedError, match=r"omniloom\[wasi\]"):
        call(python(interpreter="wasi"), code="1")


def test_weak_confinement_is_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Level(landlock_abi=0, seccomp=False, rlimits=True, detail="nothing here")
    monkeypatch.setattr("omniloom.isolation.programs.level", lambda: none)
    with pytest.raises(UnsupportedError, match="nothing here"):
        call(python(), code="1")
    assert call(python(confinement="weak"), code="1").value == "1"
