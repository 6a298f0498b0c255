"""Chat templates in their sandbox."""

import sys
import time

import pytest

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp import templates
from omniloom.engines.llamacpp.templates import ChatTemplate

TALK = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "<b>{{ 1 }}</b>"}]


def test_messages_stand_as_they_are() -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}\n  [{{ m.role }}] {{ m['content'] | trim }}\n{% endfor %}{{ think }}"
    )
    assert ChatTemplate(source, ("<s>", "")).render(TALK, think=False) == (
        "<s>  [system] Be short.\n  [user] <b>{{ 1 }}</b>\nFalse"
    )


def test_a_model_without_a_template_gets_chatml() -> None:
    assert ChatTemplate("", ("", "")).render(TALK[1:]).endswith("</b><|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% set x = messages.append({'role': 'user'}) %}",
        "{{ lipsum.__globals__['os'] }}",
        "{% for a in range(10000000) %}x{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ raise_exception('no system turn') }}",
        "{% if %}",
        "{{ 1 / 0 }}",
        "{{ messages[9].content.x }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 'long' * 1000000 }}",
        "{{ 9 ** 999999999 }}",
        "{% set n = namespace(n=7) %}{% for a in range(99) %}{% set n.n = n.n * n.n %}{% endfor %}",
        "{% set n = namespace(s='long') %}{% for a in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{{ '%9999999999d' % 1 }}",
        "{{ 'x' | center(9999999999) }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ range(99999) | list | tojson(indent=999999) | length }}",
        "{{ '(' * 900000 }}" + "{{" + "(" * 9000,
        "x" * 2_000_000,
    ],
)
def test_what_a_template_may_not_do_is_an_error(attack: str) -> None:
    with pytest.raises(EngineError):
        ChatTemplate(attack, ("", "")).render(TALK)


def test_what_models_expect_is_there() -> None:
    source = (
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}"
        "{% set ns.n = ns.n + 1 %}{{ m | tojson }}{% break %}{% endfor %}{{ ns.n }} {{ strftime_now('%Y') | length }}"
    )
    assert ChatTemplate(source, ("", "")).render(TALK) == '{"role": "user", "content": "<b>{{ 1 }}</b>"}1 4'


@pytest.mark.parametrize(
    "endless",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
        "{{ lipsum(n=999999999) | length }}",
        "{% macro f(n) %}{% for a in range(9) %}{{ f(n - 1) if n }}{% endfor %}{% endmacro %}{{ f(40) | length }}",
    ],
)
def test_a_template_that_does_not_end(endless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(EngineError, match="longer than"):
        ChatTemplate(endless, ("", "")).render(TALK)
    assert time.monotonic() - began < 3


def test_warming_is_the_first_use_and_says_nothing_of_what_is_refused() -> None:
    good, bad = ChatTemplate("{{ messages[0]['content'] }}", ("", "")), ChatTemplate("{{ 1 / 0 }}", ("", ""))
    good.warm()
    bad.warm()
    assert good._template is not None and good.render([{"role": "user", "content": "x"}]) == "x"
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        bad.render(TALK)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted on Linux")
def test_bounds_end_with_the_rendering() -> None:
    import resource

    before = sys.gettrace()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(EngineError, match="MemoryError"):
        ChatTemplate("{{ 'x' | center(9999999999) }}", ("", "")).render(TALK)
    assert resource.getrlimit(resource.RLIMIT_AS) == limits and sys.gettrace() is before
    assert len(bytes(1 << 31)) == 1 << 31
