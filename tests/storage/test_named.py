"""Small texts by name are whole or absent, private, and stay in their folder."""

import os
from pathlib import Path

import pytest

from omniloom.core.errors import UsageError
from omniloom.storage.named import Named
from omniloom.storage.store import Store


def test_a_text_is_kept_replaced_and_removed(tmp_path: Path) -> None:
    kept = Named(tmp_path, "notes")
    assert kept.names() == [] and kept.text("a") is None and not kept.remove("a")
    place = kept.keep("a", "one é")
    os.utime(place, (1, 1))
    kept.keep("b.1", "two")
    assert kept.names() == ["b.1", "a"] and kept.text("a") == "one é"
    kept.keep("a", "three")
    assert kept.text("a") == "three" and kept.names()[0] in ("a", "b.1")
    assert place.stat().st_mode & 0o777 == 0o600 and place.parent.stat().st_mode & 0o777 == 0o700
    assert kept.remove("a") and kept.text("a") is None
    assert [each.name for each in place.parent.iterdir()] == ["b.1.json"], "nothing half-written is left"


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a\n", "a" * 81, "a\0"])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    for use in (lambda: Named(tmp_path, "notes").keep(name, "x"), lambda: Named(tmp_path, "notes").text(name)):
        with pytest.raises(UsageError):
            use()
    assert not list(tmp_path.iterdir())


def test_clearing_the_cache_leaves_them(tmp_path: Path) -> None:
    Named(tmp_path, "calibrators").keep("mine", "{}")
    with Store(tmp_path) as store:
        store.clear()
    assert Named(tmp_path, "calibrators").text("mine") == "{}"
