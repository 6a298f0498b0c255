"""What a graph identifies, against graphs whose answer is known, and against d-separation by all paths."""

import itertools
import random

import pytest

from omniloom.core.errors import OmniloomError, TooLargeError, UnsupportedError, UsageError
from omniloom.tools.causal import Causal, Grid, identify
from omniloom.tools.causality.graph import Graph, read_graph

# edges, unobserved, and the kind and variables that have to be found for the effect of t on y
KNOWN: list[tuple[str, list[str], str, tuple[str, ...]]] = [
    ("t -> y", [], "adjustment", ()),
    ("z -> t; z -> y; t -> y", [], "adjustment", ("z",)),
    ("z -> t; z -> y; t -> y", ["z"], "none", ()),
    ("t -> m; m -> y", [], "adjustment", ()),  # a mediator is not adjusted for
    ("t -> y; t -> c; y -> c", [], "adjustment", ()),  # nor a collider
    ("a -> t; a -> m; b -> m; b -> y; t -> y", [], "adjustment", ()),  # the M graph: adjusting for m would open it
    ("a -> t; a -> m; b -> m; b -> y; t -> y; m -> t; m -> y", ["a"], "adjustment", ("b", "m")),
    ("a -> t; a -> m; b -> m; b -> y; t -> y; m -> t; m -> y", ["a", "b"], "none", ()),
    ("z -> x; x -> t; z -> y; t -> y", [], "adjustment", ("z",)),  # the cause of the outcome, of the two that would do
    ("z -> x; x -> t; z -> y; t -> y", ["z"], "adjustment", ("x",)),
    ("i -> t; u -> t; u -> y; t -> y", ["u"], "instrument", ("i",)),
    ("i -> t; u -> t; u -> y; t -> y; i -> y", ["u"], "none", ()),  # no exclusion
    ("i -> t; u -> t; u -> y; t -> y; w -> i; w -> y", ["u", "w"], "none", ()),  # a common cause with the outcome
    ("u -> t; u -> y; t -> y; t -> c", ["u"], "none", ()),  # a consequence is no instrument
    ("u -> t; u -> y; t -> m; m -> y", ["u"], "front door", ("m",)),
    ("u -> t; u -> y; t -> m; m -> y; t -> y", ["u"], "none", ()),  # a way around the mediator
    ("u -> t; u -> y; t -> m; m -> y; u -> m", ["u"], "none", ()),
    ("y -> t", [], "zero", ()),
    ("z -> t; z -> y", ["z"], "zero", ()),
]


@pytest.mark.parametrize(("edges", "unobserved", "kind", "variables"), KNOWN)
def test_a_known_graph(edges: str, unobserved: list[str], kind: str, variables: tuple[str, ...]) -> None:
    found = identify(edges, "t", "y", unobserved=unobserved)
    assert (found.kind, set(found.variables)) == (kind, set(variables))
    assert found.identified == (kind != "none")
    assert all(name in found.text for name in variables)
    if kind == "none":
        assert found.text == "not identifiable from this graph"
        assert all(name in found.why for name in unobserved if name != "w")


def blocked(graph: Graph, path: tuple[str, ...], given: set[str]) -> bool:
    """By the definition: a non-collider that is given, or a collider of which no descendant is."""
    for before, at, after in zip(path, path[1:], path[2:], strict=False):
        collider = (before, at) in graph.edges and (after, at) in graph.edges
        if (collider and not graph.descendants(at) & given) or (not collider and at in given):
            return True
    return False


def paths(graph: Graph, start: str, end: str) -> list[tuple[str, ...]]:
    inner = [node for node in graph.nodes if node not in (start, end)]
    lines = {frozenset(edge) for edge in graph.edges}
    found = []
    for count in range(len(inner) + 1):
        for middle in itertools.permutations(inner, count):
            path = (start, *middle, end)
            if all(frozenset(pair) in lines for pair in itertools.pairwise(path)):
                found.append(path)
    return found


def random_graph(seed: int) -> Graph:
    chance = random.Random(seed)
    nodes = ["a", "b", "t", "c", "d", "y"]
    edges = [pair for pair in itertools.combinations(nodes, 2) if chance.random() < 0.45]
    hidden = [node for node in "abcd" if chance.random() < 0.3]
    return Graph(nodes=tuple(nodes), edges=tuple(edges), unobserved=frozenset(hidden))


@pytest.mark.parametrize("seed", range(40))
def test_adjustment_is_found_exactly_where_some_set_works(seed: int) -> None:
    """Shpitser, VanderWeele and Robins (2010): no member changed by the effect's path, and no other path is open."""
    graph = random_graph(seed)
    found = identify(graph, "t", "y")
    causal = (graph.descendants("t") - {"t"}) & graph.ancestors("y")
    if not causal:
        assert found.kind == "zero"
        return
    others = [p for p in paths(graph, "t", "y") if not all(pair in graph.edges for pair in itertools.pairwise(p))]
    free = [n for n in graph.nodes if n not in graph.descendants(*causal) | graph.unobserved | {"t", "y"}]
    sets = [set(each) for count in range(len(free) + 1) for each in itertools.combinations(free, count)]
    valid = [each for each in sets if all(blocked(graph, path, each) for path in others)]
    assert (found.kind == "adjustment") == bool(valid)
    if valid:
        assert set(found.variables) in valid
        assert not any(each < set(found.variables) for each in valid), "a smaller set within it would do"


def test_dot_text_is_read() -> None:
    text = """strict digraph "a study" {
      rankdir = LR; node [shape=box]
      /* why */ "blood pressure" [label="mm Hg"]; U [unobserved=true]  // nobody asked
      W [observed="no"]; V [unobserved=false]
      U -> drug -> "blood pressure" [color=red]
      U -> "blood pressure" }""".replace("rankdir = LR; ", "")
    graph = read_graph(text)
    assert graph.edges == (("U", "drug"), ("drug", "blood pressure"), ("U", "blood pressure"))
    assert graph.unobserved == {"U", "W"}
    assert read_graph(["U -> drug -> blood pressure", ("U", "blood pressure")]).edges == graph.edges
    assert read_graph("U -> drug\nU -> blood pressure; drug -> blood pressure").edges[2] == graph.edges[1]


@pytest.mark.parametrize(
    ("edges", "why"),
    [
        ("a -> b; b -> c; c -> a", "cycle"),
        ("a -> a", "cycle"),
        ("", "no edges"),
        ("digraph { }", "no edges"),
        ("a - b", "no edge"),
        (["a ->"], "no edge"),
        ([("a", "b", "c")], "no edge"),
        ("digraph { a -> b", "brace"),
        ("graph { a -- b }", "not read"),
        ("digraph { a -> {b c} }", "not read"),
        ("digraph { a b }", "not read"),
        ("digraph { /* a -> b }", "not read"),
        ([f"a{n} -> b" for n in range(60)], "more than 50"),
        ([["a", "b"]] * 501, "more than"),
        ("a -> " + "b" * 101, "letters in a name"),
        ("digraph {" + "a" * 30_000 + "}", "letters"),
        (["a -> " * 20_000], "letters"),
    ],
)
def test_what_is_no_graph_is_refused(edges: str | list, why: str) -> None:
    with pytest.raises(OmniloomError, match=why) as caught:
        read_graph(edges)
    assert isinstance(caught.value, (UsageError, TooLargeError)) and caught.value.hint


@pytest.mark.parametrize(
    ("treatment", "outcome", "more", "why"),
    [
        ("t", "q", {}, "'q' is not in the graph"),
        ("t", "t", {}, "treatment and outcome"),
        ("t", "y", {"unobserved": ["t"]}, "is unobserved"),
        ("t", "y", {"unobserved": ["q"]}, "'q' is not in the graph"),
        ("t", "y", {"modifiers": ["m"]}, "changed by 't'"),
        ("t", "y", {"modifiers": ["q"]}, "'q' is not in the graph"),
    ],
)
def test_names_that_cannot_be_asked_about(treatment: str, outcome: str, more: dict, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        identify("z -> t; z -> y; t -> m; m -> y", treatment, outcome, **more)
    assert caught.value.hint


def test_modifiers_are_in_the_set() -> None:
    assert identify("t -> y; g -> y", "t", "y").variables == ()
    assert identify("t -> y; g -> y", "t", "y", modifiers=["g"]).variables == ("g",)
    found = identify("a -> t; a -> g; b -> g; b -> y; t -> y", "t", "y", modifiers=["g"], unobserved=["a", "b"])
    assert found.kind == "none" and "with g" in found.why


def column(count: int, *values: object) -> list[object]:
    return [values[at % len(values)] for at in range(count)]


LEVELS = {"t": column(40, 0, 1), "y": column(40, 1, 3, 2), "z": column(40, 1, 2, 2, 5, 4)}


@pytest.mark.parametrize(
    ("change", "more", "why"),
    [
        ({"z": None}, {}, "'z', which no column is"),
        ({"t": column(40, 1)}, {}, "'t' has one value"),
        ({"y": column(40, "bad", "good", "fair")}, {}, "text with 3 values"),
        ({"t": column(40, "2020-01-02", "2020-03-04", "2021-05-06")}, {}, "dates"),
        ({"t": column(40, 1.0, float("inf"))}, {}, "'t' has inf"),
        ({"t": column(40, 1, [2])}, {}, "has \\[2\\]"),
        ({"z": column(39, 1, 2)}, {}, "differ in length"),
        ({"z": column(40, 1, None, None)}, {}, "14 rows are complete, and at least 20"),
        ({}, {"levels": [1, 1]}, "both levels"),
        ({}, {"levels": [1]}, "levels are two"),
        ({}, {"levels": "01"}, "levels are two"),
        ({}, {"levels": [0, "high"]}, "no value 'high'"),
        ({"t": column(40, "a", "b")}, {"levels": ["a", "c"]}, "no value 'c'"),
    ],
)
def test_tables_that_cannot_be_asked(change: dict, more: dict, why: str) -> None:
    table = {name: cells for name, cells in (LEVELS | change).items() if cells is not None}
    with pytest.raises(UsageError, match=why) as caught:
        Causal(table).effect("z -> t; z -> y; t -> y", "t", "y", **more)
    assert caught.value.hint


def test_large_tables_are_refused() -> None:
    with pytest.raises(TooLargeError, match="200000 rows"):
        Causal({"t": range(200_001)})  # type: ignore[dict-item]
    with pytest.raises(TooLargeError, match="1000 columns"):
        Causal({f"c{at}": [1] for at in range(1001)})
    with pytest.raises(UsageError, match="no columns"):
        Causal({})


def test_what_needs_no_numbers_is_answered_without_dowhy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    causal = Causal(LEVELS)
    none = causal.effect("u -> t; u -> y; t -> y; z -> y", "t", "y", unobserved=["u"])
    assert none.value is None and "not identifiable" in str(none) and "(u)" in str(none)
    zero = causal.effect("y -> t; z -> t", "t", "y")
    assert (zero.value, zero.low, zero.used.n) == (0.0, None, 40)
    same = causal.counterfactual("y -> t; z -> t", unit=2, treatment="t", to=0, outcome="y")
    assert (same.factual, same.value, same.low) == (3.0, 3.0, None)
    with pytest.raises(UnsupportedError, match="DoWhy is not installed") as caught:
        causal.effect("t -> y; z -> y", "t", "y")
    assert "omniloom[causal]" in caught.value.hint


COUNTERFACTUALS = [
    ({"unit": 41}, "no row 41"),
    ({"unit": 0}, "no row 0"),
    ({"unit": {"t": 1, "m": 2}}, "no 'y'"),
    ({"unit": {"t": "x", "m": 2, "y": 1}}, "no value 'x'"),
    ({"to": None}, "no value None"),
    ({"graph": "t -> m; m -> y; u -> m; u -> y", "unobserved": ["u"]}, "'u' is unobserved"),
    ({"graph": "t -> m; m -> y; m -> b; b -> y"}, "'b' has two values"),
]


@pytest.mark.parametrize(("change", "why"), COUNTERFACTUALS)
def test_counterfactuals_that_cannot_be_asked(change: dict, why: str) -> None:
    table = {
        "t": column(40, 0, 1, 2),
        "m": column(40, 1, 5, 3, 2),
        "y": column(40, 9, 7, 8, 3, 1),
        "b": column(40, 0, 1),
    }
    asked = {"graph": "t -> m; m -> y", "unit": 1, "treatment": "t", "to": 1, "outcome": "y"} | change
    with pytest.raises(UsageError, match=why) as caught:
        Causal(table).counterfactual(**asked)
    assert caught.value.hint


def test_the_columns_and_rows_that_are_used() -> None:
    rows = (("a title", "", ""), ("Dose", "Pain", "Sex"), *((str(n), f"{n}.5", "fm"[n % 2]) for n in range(1, 31)))
    rows = (*rows[:5], ("", "1,000.5", "f"), *rows[5:])
    causal = Causal(Grid(name="g", rows=rows, header=2, source="s", sheet="one", first_row=3, first_column=2))
    found = causal.effect("Pain -> Dose; Sex -> Dose", "Dose", "Pain")
    assert (found.used.n, found.used.dropped, found.used.dropped_rows) == (30, 1, (8,))
    assert found.used.columns == ("Dose", "Pain")
    assert [(each.source, each.locator.sheet, each.locator.cells) for each in found.used.cells] == [
        ("s", "one", (5, 2, 35, 2)),
        ("s", "one", (5, 3, 35, 3)),
    ]
    other = causal.effect("Pain -> Sex; Dose -> Pain", "Sex", "Pain", levels=["m", "f"])
    assert other.levels == (1.0, 0.0) and "Sex: 0 is 'f', 1 is 'm'" in other.used.notes
