"""A schema rewritten with the keywords a grammar can enforce; what it allows is the same, or in few places less."""

from typing import Any

from omniloom.outputs.enforcing import grammar
from omniloom.outputs.enforcing.alternatives import counted, exclusive
from omniloom.outputs.enforcing.negate import negated
from omniloom.outputs.enforcing.patterns import portable
from omniloom.outputs.enforcing.silent import rounded
from omniloom.outputs.enforcing.subschemas import SHARED, mapped, target
from omniloom.outputs.enforcing.validation import draft_of

_ANY = frozenset({"null", "boolean", "string", "number", "integer", "array", "object"})
_KEYWORDS: dict[str, tuple[str, ...]] = {
    "object": (
        *("properties", "patternProperties", "additionalProperties", "propertyNames", "required", "minProperties"),
        *("maxProperties", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    ),
    "array": (
        *("items", "additionalItems", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains"),
        *("maxContains", "unevaluatedItems"),
    ),
    "string": ("minLength", "maxLength", "pattern", "format"),
}
_PLACED = ("allOf", "anyOf", "oneOf", "if", "then", "else", "$ref", "$dynamicRef", "$recursiveRef", "dependentSchemas")
_BESIDE_REF = frozenset({"$ref", "$schema", "$id", "id", "title", "description", *SHARED})
_MATCHES_ALL = frozenset({"", ".*", "^.*$", "^.*", ".*$", "^", "^(.*)$", "[\\s\\S]*"})
_DEPENDENCIES = 7


def lowered(schema: dict[str, Any]) -> dict[str, Any]:
    """Keywords that cannot be rewritten stay, and stop the compilation."""
    return _Lowering(schema).whole()


class _Lowering:
    """narrowed: pointers of the schemas that allow less than they did."""

    def __init__(self, root: dict[str, Any]) -> None:
        from jsonschema import validators

        self.root = root
        self.narrowed: list[str] = []
        old = (validators.Draft4Validator, validators.Draft6Validator, validators.Draft7Validator)
        self.alone = draft_of(root) in old  # there, what stands beside $ref says nothing
        # The engine would try to fetch a draft that it does not know.
        self.known = draft_of(root) is not validators.Draft202012Validator or "2020-12" in str(root.get("$schema"))
        self.shared: dict[str, Any] = {}

    def whole(self) -> dict[str, Any]:
        for key in SHARED:
            if isinstance(self.root.get(key), dict):
                self.shared[key] = self.root[key]
        for key, definitions in list(self.shared.items()):
            self.shared[key] = {name: self.at(each, f"/{key}/{name}") for name, each in definitions.items()}
        rest = {key: value for key, value in self.root.items() if key not in self.shared}
        if not self.known:
            rest.pop("$schema", None)
        return {**self.at(rest, ""), **self.shared}

    def at(self, schema: Any, pointer: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        if self.alone and "$ref" in schema:
            return {key: value for key, value in schema.items() if key in _BESIDE_REF}
        node, added = self._relevant(schema), list[Any]()
        opposite = negated(node["not"], self.lookup) if "not" in node else None
        otherwise = negated(node["if"], self.lookup) if "if" in node else None
        node = mapped(node, self.at, pointer)
        if opposite is not None:
            del node["not"]
            added.append(self.at(opposite, pointer))
        if otherwise is not None:
            first = [node.pop("if"), node.pop("then", True)]
            second = [self.at(otherwise, pointer), node.pop("else", True)]
            added.append({"anyOf": [_all(first), _all(second)]})
        self._values(node, pointer)
        self._objects(node, pointer, added)
        self._one_of(node, pointer, added)
        added = [each for each in added if each is not True and each != {}]
        if False in added:
            added = [False]
        return node | {"allOf": [*node.get("allOf", ()), *added]} if added else node

    def lookup(self, reference: str) -> Any:
        """The schema that a local `$ref` means, as it was given; None for others."""
        return target(self.root, reference)

    def _relevant(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Without the keywords that say nothing here."""
        node = dict(schema)
        types = node.get("type", list(_ANY))
        types = {types} if isinstance(types, str) else set(types)
        for kind, keywords in _KEYWORDS.items():
            if kind not in types:
                node = {key: value for key, value in node.items() if key not in keywords}
        if "if" not in node or not ("then" in node or "else" in node):
            node = {key: value for key, value in node.items() if key not in ("if", "then", "else")}
        if "contains" not in node:
            node = {key: value for key, value in node.items() if key not in ("minContains", "maxContains")}
        if not node.get("uniqueItems") or node.get("maxItems", 2) <= 1:
            node.pop("uniqueItems", None)
        for key, other in (
            ("unevaluatedProperties", "additionalProperties"),
            ("unevaluatedItems", "items"),
        ):
            if key in node and not isinstance(node.get(other), list) and not any(place in node for place in _PLACED):
                node.setdefault(other, node.pop(key))
        if node.get("$recursiveRef") == "#" and "$recursiveAnchor" not in str(self.root):
            node["$ref"] = node.pop("$recursiveRef")
        return node

    def _values(self, node: dict[str, Any], pointer: str) -> None:
        """Formats that no grammar enforces become words, as JSON Schema has it; patterns are spelled out."""
        name = node.get("format")
        if isinstance(name, str) and not grammar.knows_format(name):
            del node["format"]
            note = f"(format: {name})"
            node["description"] = f"{node['description']} {note}" if node.get("description") else note
        if isinstance(node.get("pattern"), str):
            node["pattern"] = portable(node["pattern"])
        for bound, value in rounded(node).items():
            node[bound] = value
            self.narrowed.append(pointer)
        if name in grammar.SHAPES:
            shape = {"pattern": grammar.SHAPES[name]}
            node.update(shape if "pattern" not in node else {"allOf": [*node.get("allOf", ()), shape]})

    def _objects(self, node: dict[str, Any], pointer: str, added: list[Any]) -> None:
        self._dependencies(node, added)
        self._all_names(node)
        self._names(node)
        if "minProperties" in node or "maxProperties" in node:
            rest, more, narrower = counted(node)
            if grammar.problem({**self.shared, **node}):
                node.clear()
                node.update(rest)
                added += more
                self.narrowed += [pointer] if narrower else []

    def _dependencies(self, node: dict[str, Any], added: list[Any]) -> None:
        for key in ("dependencies", "dependentRequired", "dependentSchemas"):
            if not isinstance(node.get(key), dict) or len(node[key]) > _DEPENDENCIES:
                continue
            for name, need in node.pop(key).items():
                needs = {"required": [name, *need]} if isinstance(need, list) else _all([{"required": [name]}, need])
                absent = {"properties": {name: False}}
                added.append(needs if name in node.get("required", ()) else {"anyOf": [absent, needs]})

    def _all_names(self, node: dict[str, Any]) -> None:
        """A pattern of every name, beside others: what it says goes to all properties."""
        patterns = node.get("patternProperties")
        if not isinstance(patterns, dict) or len(patterns) < 2:
            return
        for pattern in [each for each in patterns if each in _MATCHES_ALL]:
            every = patterns[pattern]
            rest = {key: _all([each, every]) for key, each in patterns.items() if key != pattern}
            node["patternProperties"] = patterns = rest
            # A name that a pattern matches is held to it there; the others are held to `every` here.
            node["properties"] = {key: _all([each, every]) for key, each in node.get("properties", {}).items()}
            node["additionalProperties"] = every

    def _names(self, node: dict[str, Any]) -> None:
        """propertyNames, where it is a pattern or a list and nothing else names properties."""
        rule = node.get("propertyNames")
        if isinstance(rule, dict) and isinstance(rule.get("$ref"), str) and len(rule) == 1:
            rule = self.lookup(rule["$ref"])
        if not isinstance(rule, dict) or node.get("patternProperties"):
            return
        said = {key: value for key, value in rule.items() if key not in ("type", "title", "description", "$comment")}
        others = node.get("additionalProperties", True)
        declared = node.get("properties", {})
        if set(said) <= {"enum"} and said:
            allowed = {name: declared.get(name, others) for name in said["enum"] if isinstance(name, str)}
            node["properties"] = {name: each for name, each in declared.items() if name in allowed} | allowed
        elif set(said) == {"pattern"} and not declared:
            node["patternProperties"] = {portable(said["pattern"]): others}
        elif said:
            return
        if said:
            node["additionalProperties"] = False
        del node["propertyNames"]

    def _one_of(self, node: dict[str, Any], pointer: str, added: list[Any]) -> None:
        if "oneOf" not in node or not grammar.problem({**self.shared, **node}):
            return
        within = (f"{pointer}/oneOf/", *(f"/{key}/" for key in SHARED))
        if any(each.startswith(within) for each in self.narrowed):
            return
        branches, narrower = exclusive(node, self.shared, self.lookup)
        if branches is not None:
            del node["oneOf"]
            added.append({"anyOf": branches} if branches else False)
            self.narrowed += [pointer] if narrower else []


def _all(schemas: list[Any]) -> Any:
    rest = [each for each in schemas if each is not True and each != {}]
    if False in rest:
        return False
    if len(rest) <= 1:
        return rest[0] if rest else True
    return {"allOf": rest}
