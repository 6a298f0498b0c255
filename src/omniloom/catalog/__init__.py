"""Model names to weights: licences, sizes, hashes, and `ensure`, which gets what is missing."""

from omniloom.catalog.entries import Entry, File, entries, entry
from omniloom.catalog.pull import Weights, ensure, installed, remove

__all__ = ["Entry", "File", "Weights", "ensure", "entries", "entry", "installed", "remove"]
