"""Chat templates in their sandbox."""

import pytest

from omniloom.core.errors import EngineError
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
