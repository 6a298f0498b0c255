"""LoRA adapters beside a model: looked at before native code reads them, and found by the names they are given.

An adapter is a GGUF with two matrices, `NAME.lora_a` and `NAME.lora_b`, for each of the model's that it changes.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omniloom.core.errors import UsageError, WeightsError
from omniloom.core.values import Request
from omniloom.engines.adapters import checked_adapter
from omniloom.engines.llamacpp.header import Header, Tensor, read_header

_PAIR = re.compile(r"(.+)\.lora_([ab])")
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"
_KINDS = frozenset((0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 30))  # what a CPU multiplies with: floats, Q4 to Q8, K
_MADE = "convert_lora_to_gguf.py of llama.cpp makes adapters of this kind"
_OTHER = "it was made for another model"
_FIRST_PART = re.compile(r"-00001-of-\d{5}$")


class _File(NamedTuple):
    path: Path
    digest: str


class Adapters:
    """Those of one engine. given: files by name. chosen: the name that answers where a request names none.

    Raises WeightsError for a file that is no LoRA adapter, or none for this model; UsageError, UnsupportedError for
    names that are none.
    """

    def __init__(self, model: Path, base: Header, given: Any, chosen: Any) -> None:
        files = _named(given)
        if not isinstance(chosen, str):
            raise UsageError(f"adapter={chosen!r:.80} is no name", hint="one of those in adapters={name: path}")
        checked_adapter(chosen, files)
        self._chosen, self._files = chosen, dict[str, _File]()
        known = {} if _FIRST_PART.search(model.stem) else base.tensors  # of a part, no more is known than a part
        for name, path in files.items():
            _look(path, base.architecture, known)
            with path.open("rb") as file:
                self._files[name] = _File(path.resolve(), hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    @property
    def paths(self) -> dict[str, Path]:
        """By sha256."""
        return {each.digest: each.path for each in self._files.values()}

    def digest(self, request: Request | None = None) -> str:
        """The sha256 of the adapter that answers; empty for none. Raises UnsupportedError for a name that is none."""
        name = (request.adapter if request is not None else "") or self._chosen
        checked_adapter(name, self._files)
        return self._files[name].digest if name else ""


def _named(given: Any) -> dict[str, Path]:
    if not given:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) and name for name in given):
        raise UsageError(
            f"adapters={given!r:.80} are no files by name", hint='such as adapters={"legal": "legal.gguf"}'
        )
    for name, path in given.items():
        if not isinstance(path, (str, Path)):
            raise UsageError(f"the adapter {name!r} is {path!r:.80}, which is no path", hint="a .gguf file")
    return {name: Path(path).expanduser() for name, path in given.items()}


def _look(path: Path, architecture: str, known: Mapping[str, Tensor]) -> None:
    """known: the model's tensors; without them shapes are not compared. Raises WeightsError."""
    header = read_header(path, "adapter")
    told = f"the adapter {str(path)!r}"
    if header.adapter != "lora":
        what = f"an adapter of the type {header.adapter!r}" if header.adapter else f"a {header.architecture!r} model"
        raise WeightsError(f"{told} is no LoRA adapter but {what}", hint=_MADE)
    if header.architecture != architecture:
        raise WeightsError(f"{told} is for {header.architecture!r}, and the model is {architecture!r}", hint=_OTHER)
    if header.activated:
        raise WeightsError(
            f"{told} is to work from certain tokens on, which is not done here", hint="a plain LoRA does"
        )
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in header.tensors.items():
        pair = _PAIR.fullmatch(name)
        if pair is None:  # llama.cpp passes over those of norms
            raise WeightsError(f"{told} changes {name!r}, and only pairs of matrices can be used", hint=_MADE)
        if tensor.kind not in _KINDS:
            raise WeightsError(
                f"{told} holds {name!r} in the type {tensor.kind}, which is not computed with", hint=_MADE
            )
        pairs.setdefault(pair[1], {})[pair[2]] = tensor
    if not pairs:
        raise WeightsError(f"{told} holds no matrices", hint=_MADE)
    for name, pair in pairs.items():
        if not known:
            continue
        why = _misfit(name, pair, known.get(name))
        if name == _EMBEDDING and _OUTPUT not in known:
            why = "its output shares the embedding, which llama.cpp then cannot change"
        if why:
            raise WeightsError(f"{told} does not fit the model: {why}", hint=_OTHER)


def _misfit(name: str, pair: Mapping[str, Tensor], base: Tensor | None) -> str:
    """Why the pair cannot change that matrix; empty if it can."""
    if base is None or len(base.shape) < 2:
        return f"the model has no matrix {name!r}"
    if set(pair) != {"a", "b"}:
        return f"one of the two matrices for {name!r} is missing"
    a, b, wanted = (_four(each) for each in (pair["a"], pair["b"], base))
    if name == _EMBEDDING:  # rows are looked up in it: the two stand the other way round
        fits = (a[0], b[1], a[1]) == (b[0], wanted[0], wanted[1])
    else:
        fits = (a[0], b[1], a[1]) == (wanted[0], wanted[1], b[0])
    same = a[2:] == b[2:] == wanted[2:]
    return "" if fits and same else f"{pair['a'].shape} and {pair['b'].shape} for {name!r} of {base.shape}"


def _four(tensor: Tensor) -> tuple[int, ...]:
    return (*tensor.shape, 1, 1, 1, 1)[:4]
