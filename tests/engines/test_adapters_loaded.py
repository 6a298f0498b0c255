"""A model loaded with an adapter: what it answers is kept apart from what others answer."""

from pathlib import Path

import pytest
from tiny_adapter import build_adapter

import omniloom as ol
from omniloom.core.errors import UnsupportedError, WeightsError
from omniloom.core.values import Response
from omniloom.engines.llamacpp.native.tiny import build_tiny

NAMES = ("one", "other")


def asked(folder: Path, files: dict[str, Path], adapter: str) -> Response:
    options = {"home": folder / "home", "threads": 1, "context_tokens": 512}
    with ol.load(folder / "model.gguf", adapters=files, adapter=adapter, **options) as model:  # type: ignore[arg-type]
        return model.generate("Hello", max_output_tokens=8)


def test_answers_are_kept_by_what_the_adapter_holds(tmp_path: Path, private_home: Path) -> None:
    build_tiny(tmp_path / "model.gguf")
    for seed, name in enumerate(NAMES):
        build_adapter(tmp_path / f"{name}.gguf", tmp_path / "model.gguf", seed, size=1.0)
    files = {name: tmp_path / f"{name}.gguf" for name in NAMES}
    swapped = {"one": files["other"], "other": files["one"]}
    first = {adapter: asked(tmp_path, files, adapter) for adapter in ("", *NAMES)}
    assert len({each.text for each in first.values()}) == 3
    assert all(each.usage.cached_tokens == 0 for each in first.values())
    again = {adapter: asked(tmp_path, files, adapter) for adapter in first}
    assert {name: each.text for name, each in again.items()} == {name: each.text for name, each in first.items()}
    assert all(each.usage.cached_tokens == each.usage.input_tokens > 0 for each in again.values())
    assert asked(tmp_path, swapped, "one").text == first["other"].text
    assert asked(tmp_path, {"one": files["one"]}, "one").usage.cached_tokens > 0  # other adapters beside it or not
    with pytest.raises(UnsupportedError, match="third"):
        asked(tmp_path, files, "third")
    with pytest.raises(WeightsError, match="No such file"):
        asked(tmp_path, {"one": tmp_path / "none.gguf"}, "one")
