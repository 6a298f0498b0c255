"""Free text: no constraint, nothing to parse."""


def constrain(schema: object = None) -> None:
    """Free text is not constrained."""
    del schema


def write(text: str) -> str:
    return text
