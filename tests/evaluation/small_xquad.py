"""A folder of the form that the task xquad expects, of our own words, and an engine that answers from it."""

import json
from collections.abc import Callable
from pathlib import Path

from omniloom.core.values import Request
from omniloom.engines.scripted import Scripted

MILL = "The mill stands at the river Aa. Its wheel was built in 1888 by Ida Holm, who ran it for thirty years."
FERRY = "The ferry carries forty cars across the sound. A ticket costs nine crowns and a half."
KILN = "The kiln burns at a thousand degrees. Clay from the moor rests in it for two days."
RECORDS = [
    ("m1", "Mill", MILL, "When was the wheel built?", "1888"),
    ("m2", "Mill", MILL, "Who built the wheel?", "Ida Holm"),
    ("f1", "Ferry", FERRY, "How many cars does the ferry carry?", "forty cars"),
    ("f2", "Ferry", FERRY, "What does a ticket cost?", "nine crowns and a half"),
    ("k1", "Kiln", KILN, "For how long does clay rest in the kiln?", "two days"),
]
WRONG = {"m2": "Ida", "f2": "a thousand degrees"}
"""What `answering` says to these questions; to all others it gives the right answer."""


def write(folder: Path) -> Path:
    """Returns the data folder."""
    lines = (
        {"id": key, "title": title, "context": context, "question": question, "answers": [answer]}
        for key, title, context, question, answer in RECORDS
    )
    (folder / "text").mkdir(parents=True, exist_ok=True)
    (folder / "text" / "xquad_en.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def answering(failing: dict[str, Callable[[], Exception]] | None = None, **options: object) -> Scripted:
    """Answers each question as RECORDS say, or WRONG; raises for the ids in `failing`."""

    def answer(request: Request) -> str:
        asked = request.messages[-1].text
        key, right = next((key, right) for key, _, _, question, right in RECORDS if question in asked)
        if failing and key in failing:
            raise failing[key]()
        return json.dumps({"answer": WRONG.get(key, right)})

    return Scripted([answer], **options)  # type: ignore[arg-type]


def named(request: Request) -> str:
    """The id of the question that is asked."""
    return next(key for key, _, _, question, _ in RECORDS if question in request.messages[-1].text)
