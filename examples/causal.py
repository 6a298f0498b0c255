"""Which treatment of kidney stones is better? The table in all says B; with the size of the stone known it is A."""

from omniloom.core.errors import UnsupportedError
from omniloom.tools.causal import Causal, Grid, identify

# Charig et al. (1986): successes and patients, by treatment and size of the stone
COUNTS = {("A", "small"): (81, 87), ("B", "small"): (234, 270), ("A", "large"): (192, 263), ("B", "large"): (55, 80)}
GRAPH = ["size -> treatment", "size -> success", "treatment -> success"]

rows = [("treatment", "size", "success")]
for (treatment, size), (good, patients) in COUNTS.items():
    rows += [(treatment, size, "1")] * good + [(treatment, size, "0")] * (patients - good)

print("to compute:", identify(GRAPH, "treatment", "success").text)
print("size unknown:", identify(GRAPH, "treatment", "success", unobserved=["size"]).why)
table = Causal(Grid(name="stones", rows=tuple(rows), source="stones.csv"))
try:
    effect = table.effect(GRAPH, "treatment", "success", levels=["B", "A"], modifiers=["size"])
except UnsupportedError as error:
    print(error)
else:
    print(f"A instead of B, by the table: {effect.unadjusted:+.3f}")
    print(f"A instead of B, by the graph: {effect.value:+.3f} ({effect.low:+.3f} to {effect.high:+.3f})")
    print(effect)
