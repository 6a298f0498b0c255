"""Whether citations resolve: checked against the readings in the store, not against what the answer says."""

from typing import Any

from omniloom.core.values import Response
from omniloom.evaluation.citations import holds


def check(response: Response) -> dict[str, Any]:
    """One entry a citation: 1 if its source is known, its fragment parses back, and its quote stands verbatim there."""
    return {"verbatim": [float(holds(each, response)) for claim in response.claims for each in claim.citations]}
