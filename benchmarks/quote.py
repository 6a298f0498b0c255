"""Verbatim quoting from a source, greedy, with identical tokens; and free chat, where no draft can help."""

from ratios import Ratio, equal_texts, finish, options, per_token, ratios, turns
from sides import Ours, peers
from texts import document


def main() -> None:
    asked = options(__doc__ or "")
    limit = 96 if asked.quick else 192
    asked.repetitions = min(asked.repetitions, 3) if asked.quick else asked.repetitions
    ours = Ours(asked)
    sides = [ours, *peers(asked)]
    copy = "Copy the whole text word for word, from its first word on."
    chat = "Why do people weave, and what do they feel while they do?"
    try:
        quoted = turns(asked, sides, lambda at: {"asks": [ours.ask(copy, document(limit, at), limit=limit)]})
        free = turns(asked, sides, lambda at: {"asks": [ours.ask(f"{at + 1}. {chat}", limit=limit)]})
    finally:
        for side in sides:
            side.close()
    parts: list[Ratio] = ratios(quoted, ours.name, "quote", 1.3, written)
    parts += ratios(free, ours.name, "quote-free", 0.98, per_token)
    for name, found in (("quoted", quoted), ("free", free)):
        print(f"{name}, answers as ours:", {side: round(share, 2) for side, share in equal_texts(found).items()})
    finish(asked, "quote", parts)


def written(told: dict[str, object]) -> float:
    """Seconds from the first token on, for each token: the reading of the source is the same work for all."""
    answers: list[dict[str, float]] = told["answers"]  # type: ignore[assignment]
    return sum(each["seconds"] - each["first"] for each in answers) / max(
        1, sum(each["tokens"] - 1 for each in answers)
    )


if __name__ == "__main__":
    main()
