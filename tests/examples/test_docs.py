"""Every Python block of the README and of docs/ runs as it is, beside copies of the example data."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "examples" / "data"
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)")
_PNG = b"\x89PNG\r\n\x1a\n"


def _blocks() -> Iterator[tuple[str, str]]:
    """(page and line, the block with lines before it so that a traceback names the line of the page)."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            before = text.count("\n", 0, found.start(1))
            yield f"{page.relative_to(REPOSITORY)}:{before}", "\n" * before + found[1]


@pytest.mark.weights
@pytest.mark.parametrize(("place", "block"), [pytest.param(*each, id=each[0]) for each in _blocks()])
def test_a_block_runs(place: str, block: str, run: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    for file in DATA.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    script = tmp_path / "block.py"
    script.write_text(block, encoding="utf-8")
    done = run(script, cwd=tmp_path)
    assert done.returncode == 0, f"{place}:\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), f"{place} shows nothing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_here(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} names {target}"


def test_pictures_are_small_and_used() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in sorted((REPOSITORY / "docs" / "pictures").iterdir()):
        content = picture.read_bytes()
        assert content.startswith(_PNG) and len(content) < 200_000
        assert f"pictures/{picture.name}" in pages, f"{picture.name} is on no page"


def test_every_variable_of_ours_is_listed() -> None:
    code = "".join(path.read_text("utf-8") for path in (REPOSITORY / "src").rglob("*.py"))
    listed = (REPOSITORY / "docs" / "privacy.md").read_text("utf-8").partition("## Every variable")[2]
    names = set(re.findall(r"\bOMNILOOM_[A-Z_]+", code))
    assert len(names) > 8 and {name for name in names if f"`{name}`" not in listed} == set()
