"""Real models end to end: the tiny one for what any model must do, one smoke run of the default."""

import os
import signal
import threading
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

import omniloom as ol
from omniloom.core.events import TextDelta
from omniloom.core.values import Response
from omniloom.runtime.model import Model

pytestmark = pytest.mark.weights
PAPER = (
    "The weaving trial was held in Lisbon.\n\nUnder the old order the service finished 410 jobs per second.\n\n"
    "With the new scheduler throughput rose to 820 jobs per second.\n\nPeak memory was 3.1 GB."
)


class Report(BaseModel):
    city: str = Field(max_length=30)
    jobs_per_second_with_the_new_scheduler: int


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    return path


def test_the_default_answers_with_places_and_json(
    paper: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # with as many threads as users have
    question = "How many jobs per second were finished with the new scheduler?"
    with ol.load() as model:
        response = model.generate([question, paper], output_modes=["text", "structured_json"], schema=Report)
        again = model.generate([question, paper], output_modes=["text", "structured_json"], schema=Report)
    assert "820" in response.text
    assert response.data == Report(city="Lisbon", jobs_per_second_with_the_new_scheduler=820)
    cited = {str(claim.at): claim for claim in response.claims if isinstance(claim.at, str)}
    assert cited["/city"].citations[0].quote == "Lisbon"
    assert again.usage.cached_tokens == again.usage.input_tokens


def test_a_seed_decides_what_is_drawn_so_a_kept_draw_is_given_again(
    private_home: Path, tmp_path: Path, shallow: Path
) -> None:
    def ask(model: Model, seed: int) -> Response:
        return model.generate("Say something.", sampling={"temperature": 1.0}, seed=seed, max_output_tokens=24)

    with ol.load(shallow, home=tmp_path / "one") as model:
        first, other, again = (ask(model, seed) for seed in (1, 2, 1))
    with ol.load(shallow, home=tmp_path / "two") as model:
        anew = ask(model, 1)
    assert first.text == again.text == anew.text != other.text
    assert again.usage.seconds == 0.0 < other.usage.seconds


def test_threads_get_the_answers_they_would_get_alone(
    paper: Path, private_home: Path, tmp_path: Path, shallow: Path
) -> None:
    questions = ["Where was the trial?", "How many jobs per second?", "How much memory?"]
    with ol.load(shallow, home=tmp_path / "alone") as model:
        alone = [model.generate([question, paper], max_output_tokens=32).text for question in questions]
    together: dict[str, str] = {}
    with ol.load(shallow, home=tmp_path / "together") as model:

        def ask(question: str) -> None:
            together[question] = model.generate([question, paper], max_output_tokens=32).text

        threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [together[question] for question in questions] == alone


@pytest.mark.parametrize("moment", ["prefill", "text.delta", "citation"])
def test_an_engine_that_dies_in_mid_answer_is_started_again(
    moment: str, paper: Path, private_home: Path, shallow: Path
) -> None:
    with ol.load("smollm2-135m" if moment == "citation" else shallow) as model:
        expected = model.generate(["Tell all of it.", paper], max_output_tokens=64, trace="whole").text
        pieces: list[str] = []
        killed = None
        for event in model.stream(["Tell all of it.", paper], max_output_tokens=64, seed=1):
            if isinstance(event, TextDelta):
                pieces.append(event.text)
            if killed is None and moment in (event.type, getattr(event, "step", "")):
                killed = model.engine._host.pid
                os.kill(killed, signal.SIGKILL)
        assert killed is not None
        assert "".join(pieces) == expected
        assert model.generate(["Where was it?", paper], max_output_tokens=8).text
        assert model.engine._host.pid != killed


def test_thinking_takes_what_was_given(paper: Path, private_home: Path) -> None:
    with ol.load("smollm2-135m") as model:
        for budget in (0, 1, 40):
            response = model.generate(["How many jobs?", paper], reasoning_budget=budget, max_output_tokens=24)
            assert response.usage.reasoning_tokens <= budget
            assert (response.usage.reasoning_tokens > 0) == (budget > 0)


def test_the_default_gives_the_part_that_the_time_allows(
    tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"Station number {at} measured {at * 7} millimetres of rain." for at in range(1, 40)))
    asked = ["How much rain did each station measure? Write one sentence for each, as the source has them.", path]
    with ol.load() as model:
        model.warm([path])
        seconds = 4.0
        while seconds < 300:  # how long its first sentence takes depends on the machine
            try:
                response = model.generate(asked, timeout=seconds)
                break
            except ol.core.errors.BudgetError:
                seconds *= 1.5
        kept = model.store.journal.response(response.trace_id)
        assert model.generate("Say hello.", max_output_tokens=4).text  # the engine goes on
    assert response.finish_reason == "cancelled" and [each.kind for each in response.losses] == ["cut"]
    assert response.text.rstrip()[-1] in ".:" and response.claims and kept == response
    assert response.usage.output_tokens > 0 and response.usage.input_tokens > 0
    assert response.confidence is not None and response.confidence.calibrator is None
