"""One cold prompt and 256 free tokens, the control: our loop costs nothing."""

from kernels import kernels
from ratios import equal_texts, finish, options, per_token, ratios, turns, warm_up
from sides import Ours, peers
from texts import COPY, document


def main() -> None:
    # In small: many short turns, for a noisy machine moves single ones by more than the floor is from 1.
    asked = options(__doc__ or "", quick_repetitions=9)
    ours = Ours(asked)
    sides = [ours, *peers(asked)]
    limit = 40 if asked.quick else 256
    try:
        warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
        # Another town each time: no side has read the prompt before.
        found = turns(
            asked, sides, lambda at: {"asks": [ours.ask(f"{at + 1}. Tell a long tale of a weaver.", limit=limit)]}
        )
    finally:
        for side in sides:
            side.close()
    print("answers as ours:", {name: round(share, 2) for name, share in equal_texts(found).items()})
    finish(asked, "plain", ratios(found, ours.name, "plain", 0.97, per_token), lambda: kernels(asked))


if __name__ == "__main__":
    main()
