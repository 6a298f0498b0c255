"""A calibrator that is applied to the samples it was made from: what it says of them is no test of it."""

from collections.abc import Sequence
from pathlib import Path

from omniloom.core.errors import OmniloomError
from omniloom.evaluation.log import Header, Record, sample_name
from omniloom.reasoning.calibrator import Calibrator
from omniloom.reasoning.calibrators import named


def own_samples(header: Header, records: Sequence[Record], sure: Calibrator | None, root: Path) -> list[str]:
    """The ids of the samples whose probability is of a calibrator that was made from them, in either of its halves.

    sure: the one that was named, if any; others are found in the store at `root`, by the name that the answers give.
    """
    known: dict[str, Calibrator | None] = {} if sure is None else {sure.name: sure}
    found: list[str] = []
    for record in records:
        name = record.confidence.calibrator if record.confidence is not None else None
        if not name:
            continue
        if name not in known:
            known[name] = _kept(root, name)
        calibrator = known[name]
        if calibrator is not None and calibrator.data.has(sample_name(header, record)):
            found.append(record.id)
    return found


def _kept(root: Path, name: str) -> Calibrator | None:
    """None where it is gone since."""
    try:
        return named(root, name)
    except OmniloomError:
        return None
