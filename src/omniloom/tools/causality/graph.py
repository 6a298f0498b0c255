"""A causal graph: read from edges or DOT text, with bounds, acyclic, and what is d-connected in it."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from omniloom.core.base import Value
from omniloom.core.errors import TooLargeError, UsageError

_LETTERS, _NODES, _EDGES, _NAME = 20_000, 50, 500, 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|->|--|[\w.]+|[{}\[\];,=]|\s+|(?://|#)[^\n]*|/\*.*?\*/', re.DOTALL)
_OPENING = re.compile(r"\s*(?:strict\s+)?(?:(?:di)?graph|dag)\b[^{]*\{", re.IGNORECASE)
_LATENT = frozenset({"unobserved", "latent", "hidden"})
_HOW = 'write edges as "cause -> effect", or DOT: digraph { a -> b; u [unobserved] }'
Edge = tuple[str, str]


class Graph(Value):
    """A directed acyclic graph. nodes: as they were first named. unobserved: those that no column shows."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    unobserved: frozenset[str] = frozenset()

    def parents(self, node: str) -> list[str]:
        return [cause for cause, effect in self.edges if effect == node]

    def children(self, node: str) -> list[str]:
        return [effect for cause, effect in self.edges if cause == node]

    def ancestors(self, *nodes: str) -> set[str]:
        """Those with a directed path to one of `nodes`, and these."""
        return _closure(nodes, [(effect, cause) for cause, effect in self.edges])

    def descendants(self, *nodes: str) -> set[str]:
        """Those with a directed path from one of `nodes`, and these."""
        return _closure(nodes, self.edges)

    def without(self, edges: Iterable[Edge]) -> "Graph":
        gone = set(edges)
        kept = tuple(each for each in self.edges if each not in gone)
        return Graph(nodes=self.nodes, edges=kept, unobserved=self.unobserved)

    def connected(self, start: str, given: Iterable[str] = ()) -> set[str]:
        """The nodes that are d-connected to `start` given `given`: Koller and Friedman (2009), algorithm 3.1."""
        fixed = set(given)
        opened = self.ancestors(*fixed)
        found, seen, todo = set[str](), set[tuple[str, bool]](), [(start, True)]
        while todo:
            node, upward = here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            if node not in fixed:
                found.add(node)
                todo += [(child, False) for child in self.children(node)]
            if (upward and node not in fixed) or (not upward and node in opened):
                todo += [(parent, True) for parent in self.parents(node)]
        return found


def read_graph(given: str | Sequence[str | Sequence[str]] | Graph, unobserved: Sequence[str] = ()) -> Graph:
    """A graph from DOT text, or from edges: "a -> b", or pairs.

    Raises UsageError for what is no edge, a cycle, or a name in `unobserved` that the graph has not; TooLargeError over
    50 nodes, 500 edges, 20,000 letters or 100 letters of a name.
    """
    if isinstance(given, Graph):
        edges, nodes, latent = list(given.edges), list(given.nodes), set(given.unobserved)
    elif isinstance(given, str):
        edges, nodes, latent = _dot(given)
    else:
        edges, nodes, latent = _edges(given), [], set[str]()
    nodes = list(dict.fromkeys([*nodes, *(name for edge in edges for name in edge)]))
    edges = list(dict.fromkeys(edges))
    if len(nodes) > _NODES or len(edges) > _EDGES or max(map(len, nodes), default=0) > _NAME:
        raise TooLargeError(
            f"the graph has more than {_NODES} nodes, {_EDGES} edges or {_NAME} letters in a name",
            hint="leave out what lies on no path between treatment, outcome and their causes",
        )
    if not edges:
        raise UsageError("the graph has no edges", hint=_HOW)
    if unknown := sorted(set(unobserved) - set(nodes)):
        raise UsageError(f"unobserved {unknown[0]!r} is not in the graph", hint=f"it has {', '.join(nodes)}"[:500])
    graph = Graph(nodes=tuple(nodes), edges=tuple(edges), unobserved=frozenset(latent | set(unobserved)))
    for cause, effect in edges:
        if cause in graph.descendants(effect):
            raise UsageError(
                f"the graph has a cycle through {cause!r} -> {effect!r}",
                hint="a causal graph has none: give what happens at another time a name of its own",
            )
    return graph


def _closure(nodes: Iterable[str], edges: Sequence[Edge]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for start, end in edges:
        onward.setdefault(start, []).append(end)
    found, todo = set[str](), list(nodes)
    while todo:
        if (node := todo.pop()) not in found:
            found.add(node)
            todo += onward.get(node, [])
    return found


def _edges(given: Sequence[str | Sequence[str]]) -> list[Edge]:
    if len(given) > _EDGES or sum(len(name) for each in given for name in each) > _LETTERS:
        raise TooLargeError(f"the graph has more than {_EDGES} edges or {_LETTERS} letters", hint="leave edges out")
    return [pair for each in given for pair in _pairs(each)]


def _hidden(words: set[str]) -> bool:
    no = bool(words & {"no", "false", "0"})
    return no if "observed" in words else bool(words & _LATENT) and not no


def _pairs(edge: str | Sequence[str]) -> list[Edge]:
    """Of "a -> b -> c" two edges, of a pair one."""
    text = isinstance(edge, str)
    names = [name.strip().strip('"').strip() for name in (edge.split("->") if text else map(str, edge))]
    if len(names) < 2 or (not text and len(names) > 2) or not all(names):
        raise UsageError(f"no edge: {str(edge)[:100]!r}", hint=_HOW)
    return list(pairwise(names))


def _dot(text: str) -> tuple[list[Edge], list[str], set[str]]:
    """The part of DOT that says which nodes and edges there are; lines of "a -> b" without braces too."""
    if len(text) > _LETTERS:
        raise TooLargeError(f"the graph has more than {_LETTERS} letters", hint="leave out attributes")
    opening = _OPENING.match(text)
    if opening is None:
        lines = [line for line in re.split(r"[\n;]", text) if line.strip()]
        return [pair for line in lines for pair in _pairs(line)], [], set()
    body = text[opening.end() :].rstrip()
    if not body.endswith("}"):
        raise UsageError("the graph does not end with a brace", hint=_HOW)
    edges: list[Edge] = []
    nodes: list[str] = []
    latent = set[str]()
    for names, words in _statements(_tokens(body[:-1])):
        if len(names) == 1 and names[0].lower() in ("node", "edge", "graph"):
            continue
        nodes += names
        edges += pairwise(names)
        latent |= set(names) if len(names) == 1 and _hidden(words) else set()
    return edges, nodes, latent


def _tokens(body: str) -> list[str]:
    """Words and signs; a new line ends a statement as `;` does. Raises UsageError for what is not read here."""
    tokens: list[str] = []
    at = 0
    while at < len(body):
        if (found := _TOKEN.match(body, at)) is None or found[0] in ("{", "}", "--"):
            raise UsageError(f"the graph is not read at {body[at : at + 40]!r}", hint=_HOW)
        at = found.end()
        if found[0][0].isspace():
            tokens += [";"] if "\n" in found[0] and tokens and tokens[-1] != "->" else []
        elif not found[0].startswith(("//", "#", "/*")):
            tokens.append(found[0])
    return tokens


def _statements(tokens: list[str]) -> Iterable[tuple[list[str], set[str]]]:
    """Of each statement its chain of names, and the words of its attributes."""
    names: list[str] = []
    words = set[str]()
    inside, joined = False, True
    for word in [*tokens, ";"]:
        if word in "[]":
            inside = word == "["
        elif inside:
            words.add(word.strip('"').lower())
        elif word == "->":
            joined = True
        elif word in ";,":
            if names:
                yield names, words
            names, words, joined = [], set(), True
        elif word == "=" or not joined:
            raise UsageError(f"the graph is not read at {word[:40]!r}", hint=_HOW)
        else:
            names, joined = [*names, word.strip('"')], False
