"""A model of two parts (t5): one reads a text whole and both ways, the other writes beside it."""

from pathlib import Path

from families.writing import write
from omniloom.engines.llamacpp.native.tiny import HEADS, WIDTH, Shapes, gated

_BUCKETS = 8


def build_t5(path: Path) -> None:
    shapes: Shapes = {"enc.output_norm.weight": (WIDTH,), "dec.output_norm.weight": (WIDTH,)}
    for part, kinds in (("enc", ("attn",)), ("dec", ("attn", "cross_attn"))):
        for block in (f"{part}.blk.{layer}." for layer in range(2)):
            for kind in kinds:
                shapes |= {f"{block}{kind}_{name}.weight": (WIDTH, WIDTH) for name in "qkvo"}
                shapes |= {f"{block}{kind}_norm.weight": (WIDTH,)}
            shapes |= gated(block) | {f"{block}ffn_norm.weight": (WIDTH,)}
            shapes[f"{block}attn_rel_b.weight"] = (_BUCKETS, HEADS)
    fields = {"attention.relative_buckets_count": _BUCKETS, "attention.head_count_kv": HEADS}
    write(path, "t5", fields, shapes, seed=12, without="output_norm.weight")
