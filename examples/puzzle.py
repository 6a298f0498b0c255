"""A zebra puzzle through a solver: who keeps the fish, is that certain, and which clues contradict each other."""

from omniloom.core.errors import OmniloomError
from omniloom.tools.solver import Bounds, solver

GROUPS = [["Ann", "Bo", "Cy"], ["red", "green", "blue"], ["cat", "dog", "fish"]]  # houses 1 to 3, from the left
CLUES = ["Ann == red", "abs(Bo - dog) == 1", "green == blue + 1", "cat == blue", "dog != Cy", "red == 1"]
variables = [{"names": group, "low": 1, "high": 3} for group in GROUPS]
rules = [f"all_different({', '.join(group)})" for group in GROUPS]

tool = solver(Bounds(seconds=30))
found = tool.function(variables=variables, constraints=[*rules, *CLUES], all=True)
owner = next(name for name in GROUPS[0] if found.values[name] == found.values["fish"])
print(f"{owner} keeps the fish; the only solution: {found.unique}")

wrong = tool.function(variables=variables, constraints=[*rules, *CLUES, "Cy == 1"])
print(f"{wrong.status}, for these contradict each other:")
for number, text in wrong.core.items():
    print(f"  {number}: {text}")

plan = tool.function(
    variables=[{"names": ["chairs", "tables"], "low": 0, "high": 40}],
    constraints=["2 * chairs + 5 * tables <= 40", "chairs >= 4 * tables"],
    maximize="30 * chairs + 90 * tables",
)
print(f"{plan.status}: {plan.values} for {plan.objective}")

try:
    tool.function(variables=variables, constraints=["Anne == red"])
except OmniloomError as error:
    print(error)
