"""Constructors: `Text("said")`, `PDF("paper.pdf", pages="1-3")`, `Table(dataframe)` build one Part.

Core opens nothing: a path or bytes are looked at when the Part is taken in. A `Text` of a `str` is said to the
model; a `Text` of a `Path` or of bytes is a source. DataFrames are turned into Arrow outside core.
"""

import os
from pathlib import PurePath
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.values import Kind, Part

_FRAME_METHODS = ("__arrow_c_stream__", "__dataframe__", "to_arrow")


def Text(content: "str | os.PathLike[str] | bytes", *, name: str = "") -> Part:
    """A string is said to the model; a path or bytes is a source (txt, md, html, docx, pptx, eml)."""
    if isinstance(content, str):
        return Part(kind="text", media_type="text/plain", text=content, name=name)
    return _build("text", content, name, {})


def PDF(content: "str | os.PathLike[str] | bytes", *, pages: str = "", password: str = "", name: str = "") -> Part:
    """`pages` is "1-3,7" (1-based); all pages without it."""
    return _build("pdf", content, name, {"pages": pages, "password": password})


def Image(content: "str | os.PathLike[str] | bytes", *, name: str = "") -> Part:
    """PNG, JPEG, WebP, TIFF, GIF, BMP."""
    return _build("image", content, name, {})


def Audio(content: "str | os.PathLike[str] | bytes", *, language: str = "", name: str = "") -> Part:
    """`language` is a BCP 47 code such as "en"; detected without it."""
    return _build("audio", content, name, {"language": language})


def Video(content: "str | os.PathLike[str] | bytes", *, language: str = "", name: str = "") -> Part:
    """`language` is that of the speech; detected without it."""
    return _build("video", content, name, {"language": language})


def Table(content: Any, *, sheet: str = "", name: str = "") -> Part:
    """A path or bytes (CSV, TSV, XLSX, Parquet, JSON lines), or a pandas, polars or pyarrow table."""
    if any(hasattr(content, method) for method in _FRAME_METHODS) or type(content).__module__.startswith("pandas"):
        return Part(kind="table", media_type="application/vnd.apache.arrow.stream", frame=content, name=name or "table")
    return _build("table", content, name, {"sheet": sheet})


def _build(kind: Kind, content: object, name: str, options: dict[str, str]) -> Part:
    kept: dict[str, str | int | float | bool] = {key: value for key, value in options.items() if value}
    if isinstance(content, (bytes, bytearray)):
        return Part(kind=kind, data=bytes(content), name=name or kind, options=kept)
    if isinstance(content, (str, PurePath)):
        path = str(content)
        if not path:
            raise UsageError(f"{kind} needs a path or bytes, got {content!r}", hint="give the path of a file")
        return Part(kind=kind, path=path, name=name or os.path.basename(path), options=kept)
    raise UsageError(
        f"{kind} needs a path or bytes, got a {type(content).__name__}",
        hint="DataFrames go into Table(...)" if kind != "table" else "pandas, polars and pyarrow tables are taken",
    )
