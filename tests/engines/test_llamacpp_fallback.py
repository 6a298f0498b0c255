"""Where the C interface is not as it is known: the self-test says so, the server-level path answers, doctor tells."""

import importlib.util
import json
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest

import omniloom.engines.llamacpp as llamacpp
from omniloom.cli.doctor import doctor
from omniloom.core.errors import EngineError
from omniloom.core.events import Finished
from omniloom.core.values import Message, Request
from omniloom.engines.llamacpp import LlamaCpp, choices
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.native import check

SCRIPT = Path(__file__).parents[2] / "scripts" / "llama_api.py"
HEADER = """
struct llama_batch { int32_t n_tokens; llama_token * token; float x, y; };
struct llama_other { float * embd, * other; };
LLAMA_API const char * llama_vocab_get_text(const struct llama_vocab * vocab, llama_token token);
LLAMA_API struct llama_batch llama_batch_init(void);
LLAMA_API long double llama_odd(int n);
"""


def test_another_tokenization_fails_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_TOKENS", [*check._TOKENS[:-1], 7])
    with pytest.raises(EngineError, match="was read as the tokens"):
        check._ours(model)


def test_another_answer_than_the_servers_fails_it(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[object] = []
    channel = type("Channel", (), {"send": lambda _, frame: told.append(frame)})()
    ours = check._ours(model)
    payload = {"model": str(model), "place": str(tmp_path)}
    for theirs in (ours, ours[:-1] + "?"):
        monkeypatch.setattr(check, "_theirs", lambda *_, theirs=theirs: theirs)
        if theirs != ours:
            with pytest.raises(EngineError, match="the server-level API"):
                check.run(payload, channel)
        else:
            check.run(payload, channel)
    assert told == [{"works": True}]


def test_a_child_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "build_tiny", lambda path: path.write_bytes(b"GGUF"))
    assert "tiny.gguf" in (check.self_test() or "")


def test_then_the_server_answers(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "why_not", lambda: "llama_batch has moved")
    asked = Request(messages=(Message(role="user", content=("Why?",)),), max_output_tokens=4)
    with LlamaCpp(model, context_tokens=256, threads=1, kv_home=tmp_path / "kv") as engine:
        assert isinstance(engine._host, Host)
        *_, last = engine.stream(asked)
    assert isinstance(last, Finished) and last.completion.text


def test_doctor_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(llamacpp, "devices", lambda: "none")
    monkeypatch.setattr(check, "self_test", lambda: "llama_batch has moved")
    doctor()
    assert "server-level API only: llama_batch has moved" in capsys.readouterr().out
    monkeypatch.setattr(check, "self_test", lambda: None)
    doctor()
    assert "C interface: self-test passed" in capsys.readouterr().out
    monkeypatch.setenv("OMNILOOM_LOOP", "0")
    doctor()
    assert "server-level API only: OMNILOOM_LOOP=0" in capsys.readouterr().out


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("llama_api", SCRIPT)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_data_file_is_what_the_script_asks_for_and_the_engine_uses(script: ModuleType) -> None:
    api = json.loads((files("omniloom.engines.llamacpp.native") / "api.json").read_text("utf-8"))
    assert (list(api["functions"]), list(api["media"])) == (script.FUNCTIONS, script.MEDIA)
    assert list(api["structs"]) == list(api["layout"]) == script.STRUCTS
    used = "".join(path.read_text("utf-8") for path in Path(llamacpp.__file__).parent.rglob("*.py"))
    assert [name for name in (*api["functions"], *api["media"]) if name not in used] == []


def test_the_script_reads_headers_and_guesses_no_type(script: ModuleType) -> None:
    assert script.fields(HEADER, "llama_batch") == [
        ["n_tokens", "int32"], ["token", "pointer"], ["x", "float"], ["y", "float"],
    ]  # fmt: skip
    assert script.signature(HEADER, "llama_vocab_get_text") == ["string", ["pointer", "int32"]]
    assert script.signature(HEADER, "llama_batch_init") == ["llama_batch", []]
    for name in ("llama_odd", "llama_missing"):
        with pytest.raises(SystemExit, match=r"long double|not in the headers"):
            script.signature(HEADER, name)
    for name, why in (("llama_other", "is not understood"), ("llama_missing", "not in the headers")):
        with pytest.raises(SystemExit, match=why):
            script.fields(HEADER, name)
