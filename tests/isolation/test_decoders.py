"""What the readers use works as usual under confinement."""

import importlib.util

import pytest

from omniloom.isolation import run_isolated


@pytest.mark.parametrize(
    ("target", "needs", "value"),
    [
        ("arrays", "numpy", 500.0),
        ("database", "duckdb", [7, 19999900000]),
        ("pages", "pypdfium2", [100, 200, 3]),
        ("frames", "av", 5),
        ("inference", "ctranslate2", [2, 3]),
        ("pictures", "PIL", [40, 20]),
    ],
)
def test_decoder(target: str, needs: str, value: object) -> None:
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    assert list(run_isolated(f"decoders:{target}", {})) == [{"value": value}]
