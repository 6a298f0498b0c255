"""Six questions on one document, asked at once, from nothing: our loop against the server-level path."""

from pathlib import Path

from beside import Run, asking, compare, document, opened, options, together

QUESTIONS = (
    "How much cloth did the mill of Varn weave?",
    "In what year did the guild of Holm weave?",
    "Where did the harbour of Lisse sell its cloth?",
    "Who wove 121 metres of cloth?",
    "What did the farm of Tarn sell?",
    "How many metres were sold in 1851?",
)


def main() -> None:
    asked = options(__doc__ or "", repeats=5)
    source = document(300)
    requests = [asking(question, source, max_output_tokens=24) for question in QUESTIONS]

    def work(home: Path, loop: bool) -> Run:
        with opened(asked, home, loop) as engine:
            engine.count_tokens("x")  # the process runs and the weights are mapped
            return together(engine, requests)

    compare("fanout", 1.0, asked, work)


if __name__ == "__main__":
    main()
