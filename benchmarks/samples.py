"""Eight samples of one prompt, at temperature 0.8."""

from ratios import finish, options, per_token, ratios, turns, warm_up
from sides import OWN, Ours, peers
from texts import COPY, document


def main() -> None:
    asked = options(__doc__ or "", slots=8)
    limit = 32 if asked.quick else 128
    ours = Ours(asked, together=True)
    sides = [ours, *peers(asked, OWN)]
    try:
        warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
        found = turns(
            asked,
            sides,
            lambda at: {
                "asks": [ours.ask(f"{at + 1}. Tell a long tale of a weaver.", limit=limit, temperature=0.8, n=8)]
            },
        )
    finally:
        for side in sides:
            side.close()
    finish(asked, "samples", ratios(found, ours.name, "samples", 1.2, per_token))


if __name__ == "__main__":
    main()
