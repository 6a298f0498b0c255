"""One cold prompt and its free text, the control: our loop costs nothing."""

from pathlib import Path

from beside import Run, asking, compare, opened, options, together


def main() -> None:
    asked = options(__doc__ or "", repeats=5)
    request = asking("Tell a long tale of a weaver.", max_output_tokens=128)

    def work(home: Path, loop: bool) -> Run:
        with opened(asked, home, loop) as engine:
            engine.count_tokens("x")
            return together(engine, [request])

    compare("plain", 0.97, asked, work)


if __name__ == "__main__":
    main()
