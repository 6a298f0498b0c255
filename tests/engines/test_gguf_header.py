"""Model files that are wrong, cut off or hostile never reach native code."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniloom.core.errors import WeightsError
from omniloom.engines.llamacpp.header import read_header


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small well-formed file with every kind of field."""
    import gguf
    import numpy

    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("tiny")
    writer.add_context_length(512)
    writer.add_block_count(2)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 0.25])
    writer.add_chat_template("{{ x }}")
    writer.add_tensor("a.weight", numpy.ones((4, 32), dtype=numpy.float32))
    writer.add_tensor("b.weight", numpy.ones(8, dtype=numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def look(folder: Path, data: bytes) -> object:
    path = folder / "x.gguf"
    path.write_bytes(data)
    return read_header(path)


def test_a_good_header_is_read(tiny: bytes, tmp_path: Path, small_model: Path) -> None:
    header = look(tmp_path, tiny)
    wanted = {"architecture": "bert", "name": "tiny", "chat_template": "{{ x }}", "context": 512, "layers": 2}
    wanted |= {"pooling": 1, "takes": frozenset(), "adapter": "", "activated": False}
    tensors = {"a.weight": ((32, 4), 0), "b.weight": ((8,), 1)}
    assert header.model_dump() == {**wanted, "tensors": tensors}  # type: ignore[attr-defined]
    real = read_header(small_model)
    assert real.architecture == "llama"
    assert real.context == 8192
    assert "<|im_start|>" in real.chat_template


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no GGUF"),
        (b"PK\x03\x04" + bytes(100), "no GGUF"),
        (b"GGUF", "truncated"),
        (b"GGUF" + struct.pack("<I", 1), "version is 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "metadata fields"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62), "bytes in a text"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 4, 1 << 62), "bytes in a field"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 8, 1 << 40), "values in"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<I", 99), "unknown type"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "architecture"),
    ],
)
def test_a_bad_header_says_what_is_wrong(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(WeightsError, match=why) as caught:
        look(tmp_path, data)
    assert "x.gguf" in str(caught.value)


def test_every_truncation_is_found(tiny: bytes, tmp_path: Path) -> None:
    for length in range(0, len(tiny) - 32, 7):
        with pytest.raises(WeightsError):
            look(tmp_path, tiny[:length])


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.gguf", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            read_header(path)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12))
def test_damaged_bytes_are_read_or_refused(tiny: bytes, tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(tiny)
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(WeightsError):
        look(tmp_path, bytes(data))
