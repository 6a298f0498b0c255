"""Make the example data anew: `python examples/make_data.py`. Needs espeak-ng, the dev extra and the media extra.

The files are committed; this shows where they come from. What they say stands in `data/make/story.py`.
"""

from pathlib import Path

from data.make import chart, clip, facts, paper, sound, table

FOLDER = Path(__file__).parent / "data"


def main() -> None:
    paper.write(FOLDER / "paper.pdf")
    (FOLDER / "figure_1.png").write_bytes(chart.draw(annotated=True, dpi=170))
    table.write(FOLDER / "results.csv")
    clip.write(FOLDER / "clip.mp4")
    turns = sound.write(FOLDER / "author_interview.mp3")
    facts.write(FOLDER, turns)
    for path in sorted(FOLDER.glob("*.*")):
        print(f"{path.stat().st_size:>9,}  {path.name}")


if __name__ == "__main__":
    main()
