"""Sources in another order than the user's: prompts change, what the user sees does not."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.values import Message, Request, Response
from omniloom.engines.recorded import Recorded, Recorder
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

_MORE = " It stands on a rock of red granite beside the old harbour road." * 10
_ELSE = " Two brothers brought its beams by barge from the northern woods." * 10  # else both are of one template
TEXTS = {
    "amber": f"The amber mill was built in 1871.{_MORE}\n\n"
    f"The amber mill grinds 40 tons of rye.{_MORE} The storm broke 12 sails. Mills rest on Sundays.",
    "blue": f"The blue mill was built in 1902.{_ELSE}\n\nThe blue mill grinds 55 tons of rye.{_ELSE}\n\n"
    f"The blue keeper is Nils Berg.{_ELSE} The storm broke 15 sails. Mills rest on Sundays.",
    "coral": f"The coral mill was built in 1955.{_MORE}",
}
HEADING = re.compile(r"=== Source (\w): (\w+)\.txt")
PASSAGE = re.compile(r"\[(\d+)\] ([^\n.]+\.)")
QUESTION = "When was each of the mills built?"


def shown(request: Request) -> str:
    return next((name for message in request.messages if "=== Source" in (name := message.text)), "")


def order(request: Request) -> str:
    return "".join(name[0] for _, name in HEADING.findall(shown(request)))


def built(request: Request) -> str:
    """What a model says that goes by the prompt: a sentence a mill, pointing where the prompt has it."""
    prompt = shown(request)
    numbers = {text: number for number, text in PASSAGE.findall(prompt)}
    letters = {name: letter for letter, name in HEADING.findall(prompt)}
    said: list[str] = []
    for name in ("coral", "blue", "amber"):
        year = re.search(rf"The {name} mill was built in (\d+)\.", prompt)
        if year is not None:
            where = numbers[year.group()]
            said.append(f"The {name} mill was built in {year[1]} [{where}].\nThat is source {letters[name]}.\n")
    return "".join(said) + "Mills rest on Sundays."


def filled(request: Request) -> str:
    prompt = shown(request)
    numbers = {text: number for number, text in PASSAGE.findall(prompt)}
    letter = {name: letter for letter, name in HEADING.findall(prompt)}["blue"]
    told = f"Source {letter} names Nils Berg [{numbers['The blue keeper is Nils Berg.']}]"
    return json.dumps({"keeper": "Nils Berg", "remark": told})


def answer(request: Request) -> str:
    if request.constraint is None:
        return built(request)
    properties = request.constraint.value["properties"]
    return filled(request) if "keeper" in properties else json.dumps(dict.fromkeys(properties, "year"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.txt" for name in TEXTS}
    for name, path in paths.items():
        path.write_text(TEXTS[name])
    return paths


@pytest.fixture
def open_model(tmp_path: Path) -> Iterator[Callable[..., tuple[Model, Scripted]]]:
    made: list[Model] = []

    def opened(home: str = "store", stored: bool = True) -> tuple[Model, Scripted]:
        engine = Scripted([answer], stored=stored, input_kinds=frozenset({"text"}))
        made.append(Model(engine, Store(tmp_path / home)))
        return made[-1], engine

    yield opened
    for model in made:
        model.close()


def told(response: Response) -> Any:
    """All that a user sees of an answer."""
    names = [part.name for part in response.sources]
    return names, response.model_dump(exclude={"trace_id", "usage", "sources"})


def notes(model: Model, response: Response, name: str = "order") -> list[dict[str, Any]]:
    return [span.attributes for span in model.store.journal.trace(response.trace_id).spans if span.name == name]


def test_the_prompt_is_as_before_and_the_answer_as_asked(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    plain, _ = open_model("plain", stored=False)
    a, b, c = files.values()
    asked = [[a, b], [b, a], [b, c, a], [c, b], [c, b, a]]
    for inputs in asked:
        one, other = (each.generate([*inputs, QUESTION]) for each in (model, plain))
        assert told(one) == told(other)
        assert sum(claim.supported for claim in one.claims) >= len(inputs)
        assert f"in 1902 [{2 if c in inputs else 1}].\nThat is blue.txt" in one.text
    # The second is the request of the first, and is not asked again; the third begins with it.
    assert [order(each) for each in engine.requests] == ["ab", "abc", "cb"]
    assert engine.requests[0].messages[:1] == engine.requests[1].messages[:1]


def test_a_value_of_json_speaks_as_the_user_counts(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, _ = files.values()
    fields = {"schema": "keeper, remark", "output_modes": ["text", "structured_json"]}
    first = model.generate([a, b, QUESTION], **fields)
    second = model.generate([b, a, QUESTION], **fields)
    assert first.data == {"keeper": "Nils Berg", "remark": "Source B names Nils Berg [5]"}
    assert second.data == {"keeper": "Nils Berg", "remark": "Source A names Nils Berg [3]"}
    assert {order(each) for each in engine.requests} == {"ab"}
    # The answer in words goes back into the prompt with the names of the files, which hold in any order.
    assert "That is blue.txt" in second.text.partition("1902")[2].partition("1871")[0]
    for asked in engine.requests[1:]:
        assert "That is blue.txt" in asked.messages[-1].text.partition("1902 [1]")[2].partition("1871")[0]
    keeper = next(claim for claim in second.claims if claim.at == "/keeper")
    assert keeper.citations[0].segment == 2 and keeper.citations[0].quote == "Nils Berg"


def test_a_survey_visits_in_the_order_of_the_user(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, _ = files.values()
    plain, _ = open_model("plain", stored=False)
    words = "Summarise the files."
    for inputs in ([a, b], [b, a]):
        one, other = (each.generate([*inputs, words]) for each in (model, plain))
        assert told(one) == told(other)
    assert one.text.index("blue.txt: ") < one.text.index("amber.txt: ")
    assert "disagree: blue.txt says “The storm broke 15 sails.” [5], but amber.txt says" in one.text
    surveys = [each for each in engine.requests if shown(each)]
    assert [order(each) for each in surveys] == ["a", "b"]  # each visited once: the second call found both answers


def test_sources_named_between_words_keep_their_names(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, _ = files.values()
    model.generate(["When was", a, "built, and when", b, "?"])
    model.generate(["When was", b, "built, and when", a, "?"])
    model.generate([QUESTION, a, b])
    model.generate([QUESTION, b, a])
    said = [each.messages[-1].text.partition("Question: ")[2] for each in engine.requests]
    assert said == [
        "When was ⟨A: amber.txt⟩ built, and when ⟨B: blue.txt⟩ ?",
        "When was ⟨B: blue.txt⟩ built, and when ⟨A: amber.txt⟩ ?",
        f"{QUESTION} ⟨A: amber.txt⟩ ⟨B: blue.txt⟩",
    ]


@pytest.mark.parametrize(
    "words",
    ["When was the second one built?", "Wann wurde die letzte gebaut?", "What does file 2 say?", "第二个文件说什么？"],
)
def test_who_counts_sources_has_them_in_his_order(files: dict[str, Path], open_model: Any, words: str) -> None:
    model, engine = open_model()
    a, b, _ = files.values()
    model.generate([a, b, QUESTION])
    response = model.generate([b, a, words])
    assert [order(each) for each in engine.requests] == ["ab", "ba"]
    assert notes(model, response)[0]["why"] == "the call may count sources"


def test_sources_that_speak_like_our_prompts_stay_in_order(tmp_path: Path, open_model: Any) -> None:
    model, engine = open_model()
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"Source A of mill {name} was built in 1871.")
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    model.generate([one, two, QUESTION])
    model.generate([two, one, QUESTION])
    assert [order(each) for each in engine.requests] == ["ot", "to"]


def test_a_conversation_keeps_its_order(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, c = files.values()
    first = model.generate([a, b, QUESTION])
    history = [Message(role="user", content=(QUESTION,)), Message(role="assistant", content=("They are old.",))]
    later = model.generate([c, b, a, "And how much rye do they grind?"], messages=history)
    assert order(engine.requests[-1]) == "abc"
    assert notes(model, later, "stored")[0]["tokens"][0] < first.usage.input_tokens // 2
    named = [Message(role="assistant", content=("Source B is older.",))]
    model.generate([c, b, a, "And how much rye do they grind?"], messages=named)
    assert order(engine.requests[-1]) == "cba"


def test_what_was_read_ahead_is_used_in_any_order(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, c = files.values()
    model.warm([a, b, c])
    for inputs, shown_as in (([c, a, b], "abc"), ([b, a], "ab"), ([c, b], "cb")):
        response = model.generate([*inputs, QUESTION])
        assert order(engine.requests[-1]) == shown_as
        assert (response.usage.cached_tokens > 30) == ("a" in shown_as)


def test_a_record_replays_the_order(files: dict[str, Path], tmp_path: Path) -> None:
    a, b, c = files.values()
    asked = [[a, b], [b, a], [b, c, a], [c, b]]
    record = tmp_path / "record.jsonl"
    with Model(Recorder(Scripted([answer], stored=True), record), Store(tmp_path / "recording")) as model:
        before = [model.generate([*inputs, QUESTION]) for inputs in asked]
        chosen = [notes(model, each)[0]["sources"] for each in before]
    with Model(Recorded(record), Store(tmp_path / "replaying")) as model:
        after = [model.generate([*inputs, QUESTION]) for inputs in asked]
        assert [notes(model, each)[0]["sources"] for each in after] == chosen
    assert list(map(told, before)) == list(map(told, after))
    assert "".join(name[0] for name in chosen[2]) == "abc"


def test_nothing_is_looked_up_where_nothing_can_be_found(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    asked: list[Request] = []
    look_up = engine.stored_tokens
    engine.stored_tokens = lambda request: asked.append(request) or look_up(request)  # type: ignore[method-assign]
    a, b, c = files.values()
    model.generate([a, QUESTION])
    model.generate([a, b, QUESTION])  # the first of one source was no question of order
    model.generate([c, b, QUESTION])  # nothing began with one of these
    model.generate([b, a, QUESTION])  # as before
    assert asked == []
    model.generate([b, c, a, QUESTION])
    assert len(asked) == 3  # as given, and as both prompts before began


def test_forgotten_sources_are_in_no_order(files: dict[str, Path], open_model: Any) -> None:
    model, engine = open_model()
    a, b, _ = files.values()
    digest = model.generate([a, b, QUESTION]).sources[1].id
    count = "SELECT count(*) FROM vectors WHERE model LIKE 'orders of %'"
    [before] = model.store.journal.database.read(lambda db: db.execute(count).fetchone())
    model.store.forget(digest)
    [after] = model.store.journal.database.read(lambda db: db.execute(count).fetchone())
    assert (before, after) == (3, 1)
    model.generate([b, a, QUESTION])
    assert order(engine.requests[-1]) in ("ab", "ba")


def test_more_than_a_dozen_sources_stay_as_given(tmp_path: Path, open_model: Any) -> None:
    model, engine = open_model()
    paths = [tmp_path / f"{chr(97 + at)}.txt" for at in range(13)]
    for path in paths:
        path.write_text(f"Mill {path.stem} is red.")
    for inputs in (paths, paths[::-1]):
        model.generate([*inputs, QUESTION])
    assert [order(each) for each in engine.requests] == ["abcdefghijklm", "mlkjihgfedcba"]


@pytest.mark.weights
def test_a_real_engine_reads_sources_once(tmp_path: Path, private_home: Path, shallow: Path) -> None:
    paths = [tmp_path / f"{name}.txt" for name in ("amber", "blue", "coral")]
    for path in paths:
        row = "The {} loom of row {} weaves {} pieces of cloth each day."
        path.write_text("\n\n".join(row.format(path.stem, at, at * 7) for at in range(20)))
    a, b, c = paths
    sources: dict[str, list[int]] = {}
    for way in ("memory", "disk"):
        home = tmp_path / way
        used = []
        model = ol.load(shallow, home=home, threads=1)
        for inputs in ([a, b], [b, a], [b, a, c], [c, b]):
            if way == "disk":
                model.close()
                model = ol.load(shallow, home=home, threads=1)
            question = f"Say how much cloth row {len(used)} weaves."  # a question may be judged, which reads more
            used.append(model.generate([question, *inputs], max_output_tokens=4).usage)
        model.close()
        computed = [each.input_tokens - each.cached_tokens for each in used]
        two = used[0].input_tokens
        assert two > 600 and used[0].cached_tokens == 0
        assert computed[1] < 60
        assert computed[2] < two / 2 + 90
        assert computed[3] > 0.8 * two  # neither was ever at the beginning
        sources[way] = computed
    assert sources["memory"][:2] == sources["disk"][:2]
