"""Where our time goes: the loop of the child, run in this process, with a clock around llama.cpp's own call."""

import argparse
import os
import time
from typing import Any

from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_TOKENS = 48


def kernels(asked: argparse.Namespace) -> str:
    """Of the time for a token, how much is llama.cpp's own call: no loop can take less. For when no side runs."""
    os.environ.setdefault("GOMP_SPINCOUNT", "300")  # as the child has it; read when the library is loaded
    weights = Weights(asked.path)
    context = Apart(weights, Sizes(512, 128, 1, asked.threads), Stop(lambda: False))
    spent, inner = 0.0, context.step

    def clocked(items: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return inner(items)
        finally:
            spent += time.perf_counter() - began

    context.step = clocked  # type: ignore[method-assign]
    loop = Loop(context)
    loop.add(Sequence("profile", weights.tokenize("A weaver of Varn told"), _TOKENS))
    began = time.perf_counter()
    while loop.busy:
        loop.step()
    whole = time.perf_counter() - began
    context.close()
    return (
        f"{100 * spent / whole:.1f} % of our time for a token ({1000 * whole / _TOKENS:.0f} ms) is llama.cpp's own "
        "call, in the kernels that the package brings (AVX2): no loop of ours can gain more than the rest. A peer that "
        "was compiled on this machine has its newer instructions; the same build for us would change it."
    )
