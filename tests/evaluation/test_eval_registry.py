"""Tasks and variants by their names; what packages add; XQuAD, and XQuAD with the paragraph exchanged."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from small_xquad import RECORDS, write

from omniloom.core.errors import UsageError
from omniloom.core.values import Part
from omniloom.evaluation import registry
from omniloom.evaluation.scorers import normalized
from omniloom.evaluation.values import Sample


def inline(sample: Sample) -> str:
    [part] = [each for each in sample.inputs if isinstance(each, Part)]
    assert part.is_source and part.data is not None
    return part.data.decode()


def test_every_file_is_a_task_or_a_variant() -> None:
    found = registry.names("tasks")
    assert {"xquad", "xquad_unanswerable"} <= {*found} == {name for name in found if registry.task(name)}
    for name in registry.names("variants"):
        assert callable(registry.variant(name).vary)


@pytest.mark.parametrize("name", ["", "..", "values", "XQUAD", "xquad.samples"])
def test_no_other_module_is_reached(name: str) -> None:
    with pytest.raises(UsageError, match="there is no task"):
        registry.task(name)


def test_packages_add_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = ModuleType("their_task"), ModuleType("no_task")
    for name in ("FAMILY", "CORRECT", "SCORERS", "METRICS", "samples"):
        setattr(ours, name, ())
    monkeypatch.setitem(sys.modules, "their_task", ours)
    monkeypatch.setitem(sys.modules, "no_task", theirs)
    points = [
        EntryPoint(n, m, "omniloom.tasks") for n, m in (("own", "their_task"), ("odd", "no_task"), ("xquad", "no_task"))
    ]

    def entry_points(*, group: str, name: str = "") -> list[Any]:
        return [each for each in points if each.group == group and name in ("", each.name)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    assert registry.task("own") is ours and "own" in registry.names("tasks")
    assert registry.task("xquad").CORRECT == "right", "a name that is taken stays ours"
    with pytest.raises(UsageError, match="'odd' is no task: it has no FAMILY"):
        registry.task("odd")


def test_xquad(tmp_path: Path) -> None:
    found = list(registry.task("xquad").samples(write(tmp_path)))
    assert [(each.id, each.target) for each in found] == [(key, (answer,)) for key, *_, answer in RECORDS]
    assert [each.inputs[0] for each in found] == [each.question for each in found]
    assert len({each.group for each in found}) == 3 and found[0].group == found[1].group


@pytest.mark.parametrize(
    "content", ["{broken", "{}", '{"id": 1}', "[]", '{"id":"a","title":"t","context":"c","question":"q","answers":[]}']
)
def test_a_file_of_another_form(tmp_path: Path, content: str) -> None:
    write(tmp_path)
    (tmp_path / "text" / "xquad_en.jsonl").write_text(content + "\n")
    for name in ("xquad", "xquad_unanswerable"):
        with pytest.raises(UsageError, match="not of the form"):
            list(registry.task(name).samples(tmp_path))


def exchanged_well(folder: Path) -> int:
    task = registry.task("xquad_unanswerable")
    answered = list(registry.task("xquad").samples(folder))
    found = list(task.samples(folder))
    assert found == list(task.samples(folder)), "the exchange does not change"
    sources: dict[str, set[str]] = {}
    for before, after in zip(answered, found, strict=True):
        assert after.question == before.question and after.target == () and after.group == before.group
        assert f"{before.metadata['title']}.txt" != next(each.name for each in after.inputs if isinstance(each, Part))
        told = f" {normalized(inline(after))} "
        assert not any(f" {normalized(answer)} " in told for answer in before.target)
        sources.setdefault(inline(before), set()).add(inline(after))
    assert all(len(each) == 1 for each in sources.values()), "one paragraph has one exchange"
    return len(found)


def test_the_paragraph_is_exchanged(tmp_path: Path) -> None:
    assert exchanged_well(write(tmp_path)) == len(RECORDS)


def test_the_real_paragraphs_are_exchanged(data: Path) -> None:
    assert exchanged_well(data) == 619


def test_nothing_to_exchange_with(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "text" / "xquad_en.jsonl"
    path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if "Mill" in line))
    with pytest.raises(UsageError, match="no paragraph of another title"):
        list(registry.task("xquad_unanswerable").samples(tmp_path))
