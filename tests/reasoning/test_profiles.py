"""What the description of a table supports, and what it does not."""

from pathlib import Path

import pytest

from omniloom.core.protocols import Source
from omniloom.core.values import Segment
from omniloom.inputs.table import read
from omniloom.reasoning.ground import Passages, ground

ORDERS = """Order,Customer,Date,Amount,Qty,Status
A-11,Birch Ltd,2024-01-15,"$1,250.00",10,paid
A-12,Cedar GmbH,2024-01-17,$980.50,42,open
A-13,Birch Ltd,2024-12-22,"$2,400.00",16,paid
A-14,Dogwood SA,2024-12-20,$75.25,,cancelled
"""


@pytest.fixture
def profile(tmp_path: Path) -> Passages:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    source = Source(id="t", path=path, name=path.name, media_type="text/csv")
    found = [each for each in read(source) if isinstance(each, Segment) and each.made_by.startswith("table.profile")]
    return Passages(found, {"t": "orders.csv"})


@pytest.mark.parametrize(
    "claim",
    [
        "The table has 4 rows and 6 columns.",
        "The table has 4 entries.",
        "Rows: 4, columns: 6",
        "There are 4 different dates.",
        "The number of distinct customers is 3.",
        "The Customer column has three distinct values.",
        "Customer: 3 verschiedene.",
        "The Qty column contains whole numbers from 10 to 42, with 1 empty.",
        "The maximum of Amount is $2,400.00.",
        "The Status column ranges from cancelled to paid.",
        "Amounts are summed up to 4705.75.",
    ],
)
def test_what_a_description_tells_is_supported_by_it(claim: str, profile: Passages) -> None:
    assert ground(claim, [], profile).supported


@pytest.mark.parametrize(
    "claim",
    [
        "The Amount of order 4 is $75.25.",
        "The Amount in row 4 is $75.25.",
        "The Qty of order 3 costs $75.25.",
        "The Amount is $6.",
        "The Qty is 3%.",
        "The Customer is Birch Ltd.",
        "The Status is Paid.",
    ],
)
def test_its_counts_and_ends_support_no_other_number_or_name(claim: str, profile: Passages) -> None:
    assert not ground(claim, [], profile).supported
