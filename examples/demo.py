"""The main job: one call over a paper, its chart, an interview, a table and a video, checked by its own citations."""

from pathlib import Path

from pydantic import BaseModel, Field
from rich.console import Console

import omniloom as ol
from omniloom import PDF, Audio, Image, Table, Text, Video
from omniloom.cli.pictures import answer_page
from omniloom.cli.progress import Board
from omniloom.rendering.terminal import print_answer

DATA = Path(__file__).parent / "data"


class Report(BaseModel):
    title: str = Field(max_length=120)
    jobs_per_second_before: int
    jobs_per_second_after: int
    peak_memory: str | None = Field(max_length=40)
    price: str | None = Field(max_length=40)


inputs = [
    Text("Analyze this research paper and cross-reference with:"),
    *(PDF(DATA / "paper.pdf"), Image(DATA / "figure_1.png"), Audio(DATA / "author_interview.mp3", language="en")),
    *(Table(DATA / "results.csv"), Video(DATA / "clip.mp4", language="en")),
]
board = Board()
board.say("reading five sources and asking; the first run takes some minutes on two cores")
with ol.load(on_progress=board.show, say=board.say) as model, board:
    for event in model.stream(inputs, output_modes=["text", "structured_json"], schema=Report, on_loss="report"):
        if event.type == "progress":
            board.show(event)
    response = event.response
    board.pause()
    print_answer(response, Console(), origins={path.name: str(path) for path in DATA.iterdir()}, with_text=True)
    Path("demo.html").write_text(answer_page(model.store, response), encoding="utf-8")
print("demo.html shows every cited place")
