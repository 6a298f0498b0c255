"""The data file of the catalog, and how its models are named."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from shelf import file, model, noise

from omniloom.catalog import Entry, entries, entry, installed
from omniloom.core.errors import UsageError

NEEDED = {
    *("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m", "whisper-base", "whisper-tiny.en"),
    *("all-minilm-l6-v2", "wordllama-256", "kokoro-82m", "qwen2.5-7b", "qwen3-vl-4b"),
}


def test_every_model_that_a_room_needs_is_here() -> None:
    assert {each.name for each in entries()} >= NEEDED
    assert entry("default").name == "qwen2.5-coder-1.5b"
    assert {each.name for each in entries() if each.is_default} == {
        "qwen2.5-coder-1.5b",
        "whisper-base",
        "all-minilm-l6-v2",
    }


def test_names_and_aliases_mean_one_model() -> None:
    names = [name for each in entries() for name in (each.name, *each.aliases)]
    assert len(names) == len(set(names))


def test_every_model_says_what_it_is() -> None:
    for each in entries():
        assert each.purpose and each.licence and each.origin and each.abilities, each.name
        assert each.size_bytes > 1_000_000
        assert each.sources[0] == "local"
        assert len({kept.role for kept in each.files}) == len(each.files)


def test_the_defaults_come_without_a_hub() -> None:
    for each in entries():
        if each.is_default:
            assert "pip" in each.sources
            assert not each.is_hub_only
    assert entry("qwen2.5-7b").is_hub_only
    assert entry("qwen2.5-7b").sources == ("local", "hub")
    assert {kept.role for kept in entry("qwen3-vl-4b").files} == {"model", "projector"}


@pytest.mark.parametrize("each", entries(), ids=lambda each: each.name)
def test_pieces_lie_in_the_order_of_their_archives(each: Entry) -> None:
    order = list(dict.fromkeys(piece.archive for kept in each.files for piece in kept.pieces))
    assert set(order) == set(each.archives)
    for kept in each.files:
        places = [order.index(piece.archive) for piece in kept.pieces]
        assert places == sorted(places), kept.name
    for name, archive in each.archives.items():
        assert archive.package == name
        assert archive.kind == "pip" or archive.integrity.startswith("sha512-")


def test_no_host_is_named_in_the_data() -> None:
    text = resources.files("omniloom.catalog").joinpath("models.json").read_text()
    assert "://" not in text
    assert ".org" not in text


def test_an_unknown_name_is_answered_with_close_ones() -> None:
    with pytest.raises(UsageError, match=r"no model is called 'qwen2.5-coder-15b'") as caught:
        entry("qwen2.5-coder-15b")
    assert "qwen2.5-coder-1.5b" in caught.value.hint
    with pytest.raises(UsageError):
        installed("../../etc")


def test_a_catalog_of_ones_own_comes_first(catalog: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    catalog(model("smollm2-135m", [file("model", "x.bin", noise(10), hub="x.bin")], aliases=["mine"]))
    assert entry("smollm2-135m").purpose == "a test"
    assert entry("mine").size_bytes == 10
    assert entry("default").name == "qwen2.5-coder-1.5b"
    monkeypatch.delenv("OMNILOOM_CATALOG")
    assert entry("smollm2-135m").purpose != "a test"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../up"},
        {"files": []},
        {"files": [file("model", "../x", b"1", hub="x")]},
        {"files": [file("model", "x", b"1")]},
        {"files": [file("model", "x", b"1", [{"archive": "gone", "member": "x", "bytes": 1, "sha256": "0" * 64}])]},
        {"built": {"role": "model", "name": "y", "by": "os:system"}},
    ],
)
def test_an_unsound_catalog_is_refused(change: dict, catalog: Callable[..., None]) -> None:
    catalog(model("mine", [file("model", "x", b"1", hub="x")]) | change)
    with pytest.raises(UsageError, match="is no catalog"):
        entries()


def test_a_catalog_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_CATALOG", str(tmp_path / "none.json"))
    with pytest.raises(UsageError, match="is no catalog"):
        entry("default")
    (tmp_path / "none.json").write_text(json.dumps([1]))
    with pytest.raises(UsageError, match="is no catalog"):
        entry("default")
