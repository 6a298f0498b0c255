"""Write every family's model into a folder."""

import sys
from pathlib import Path

from families import EMBEDDERS, FAMILIES, REFUSED

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
builders = {name: family.build for name, family in FAMILIES.items()} | EMBEDDERS | REFUSED
for name, build in builders.items():
    build(folder / f"{name}.gguf")
