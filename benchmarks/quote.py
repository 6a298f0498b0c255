"""Verbatim quoting from a source, greedy, with identical tokens; and free chat, where no draft can help."""

from kernels import kernels
from ratios import Ratio, equal_texts, finish, options, per_token, ratios, turns, unequal, warm_up, written
from sides import Ours, peers
from texts import COPY, document


def main() -> None:
    asked = options(__doc__ or "")
    limit = 96 if asked.quick else 192
    ours = Ours(asked)
    sides = [ours, *peers(asked)]
    chat = "Why do people weave, and what do they feel while they do?"
    try:
        warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
        quoted = turns(asked, sides, lambda at: {"asks": [ours.ask(COPY, document(limit, at), limit=limit)]})
        limit, times = (32, 3 * asked.repetitions) if asked.quick else (limit, None)
        free = turns(asked, sides, lambda at: {"asks": [ours.ask(f"{at + 1}. {chat}", limit=limit)]}, times)
    finally:
        for side in sides:
            side.close()
    parts: list[Ratio] = ratios(quoted, ours.name, "quote", 1.3, written)
    parts += ratios(free, ours.name, "quote-free", 0.98, per_token)
    for name, found in (("quoted", quoted), ("free", free)):
        print(f"{name}, answers as ours:", {side: round(share, 2) for side, share in equal_texts(found).items()})
    # The same kernels must say the same; others round otherwise.
    parts += unequal(quoted, "quote-same", [name for name in quoted if name.startswith("llama_server")])
    finish(asked, "quote", parts, lambda: kernels(asked))


if __name__ == "__main__":
    main()
