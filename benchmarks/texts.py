"""Documents that the benchmarks make themselves."""

TOWNS = "Varn Holm Lisse Berg Tarn Ostra Kvil Mora Sund Elva".split()
TRADES = "mill guild harbour school farm".split()
_LINE = "The {} of {} wove {} metres of cloth in {} and sold {} of them at the {} market. "
TOKENS_A_LINE = 34  # of the tokenizers that give each digit a token of its own
COPY = "Copy the whole text word for word, from its first word on."


def document(tokens: int, number: int = 0) -> str:
    """English of about that many tokens, no sentence twice; another `number` is another text from its first word."""
    lines = [
        _LINE.format(TRADES[n % 5], TOWNS[n % 10], 100 + 7 * n, 1850 + n, 40 + 3 * n, TOWNS[(3 * n + 1) % 10])
        for n in range(11 * number, 11 * number + max(1, tokens // TOKENS_A_LINE))
    ]
    return f"Cloth book {number}. " + "".join(lines)


def questions(count: int, number: int = 0) -> list[str]:
    """Different questions on `document(…, number)`."""
    asked = "How much cloth did the {} of {} weave?", "In what year did the {} of {} weave?"
    places = range(11 * number, 11 * number + count)
    return [asked[n % 2].format(TRADES[n % 5], TOWNS[n % 10]) for n in places]
