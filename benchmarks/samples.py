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
        why = profile(ours)
    finally:
        for side in sides:
            side.close()
    finish(asked, "samples", ratios(found, ours.name, "samples", 1.2, per_token), lambda: why)


def profile(ours: Ours) -> str:
    """Why there is little to gain: what a step of eight tokens costs, which both sides take."""
    costs = ours.engine._way._costs.known()  # type: ignore[union-attr]
    if costs is None:
        return ""
    share = dict(zip(*costs[:2], strict=True)).get(8, 0.0) / costs[1][0]
    return (
        f"A step of eight tokens costs {share:.1f} single ones here; both sides take it for each token of the eight, "
        "and read the prompt once. Fewer steps would need drafts that come true at temperature 0.8, or samples that "
        "share tokens (1 to 2 % do: lab log, 2026-11-28); cheaper ones a machine on which wide steps cost less."
    )


if __name__ == "__main__":
    main()
