"""Write the part of llama.cpp's C interface that the engine loop uses as a data file.

    python scripts/llama_api.py LLAMA_CPP_FOLDER VERSION > src/omniloom/engines/llamacpp/native/api.json

LLAMA_CPP_FOLDER is the `thirdparty/llama.cpp` of the source archive of xllamacpp VERSION. Only the functions and
structs named here are taken; a declaration that this reads no type of is an error, not a guess. If a C compiler is
at hand, the sizes and offsets of the structs are asked of it and written too, for the self-test at load.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FUNCTIONS = """
llama_backend_init llama_log_set
llama_model_default_params llama_model_load_from_file llama_model_free llama_model_get_vocab
llama_model_is_recurrent llama_model_is_hybrid llama_model_has_encoder llama_model_n_swa llama_model_meta_val_str
llama_model_rope_type
llama_adapter_lora_init llama_adapter_lora_free llama_set_adapters_lora
llama_model_n_embd llama_model_n_embd_out llama_model_n_layer llama_model_n_head llama_model_n_head_kv
llama_context_default_params llama_init_from_model llama_free
llama_get_memory llama_memory_seq_rm llama_memory_seq_cp llama_memory_seq_add llama_memory_can_shift
llama_memory_seq_pos_min llama_memory_seq_pos_max
llama_state_seq_get_size llama_state_seq_get_data llama_state_seq_set_data
llama_batch_init llama_batch_free llama_decode llama_get_logits_ith
llama_set_causal_attn llama_model_n_embd_inp
llama_get_embeddings_seq
llama_vocab_n_tokens llama_vocab_is_eog llama_vocab_bos llama_vocab_eos llama_vocab_get_add_bos
llama_vocab_get_text llama_vocab_get_attr llama_tokenize llama_token_to_piece
""".split()
# Images and audio. Kept apart: a library without them still does everything else.
MEDIA = """
mtmd_default_marker mtmd_context_params_default mtmd_init_from_file mtmd_free mtmd_log_set
mtmd_decode_use_non_causal mtmd_decode_use_mrope
mtmd_support_vision mtmd_support_audio mtmd_get_audio_sample_rate
mtmd_bitmap_init mtmd_bitmap_init_from_audio mtmd_bitmap_free
mtmd_input_chunks_init mtmd_input_chunks_size mtmd_input_chunks_get mtmd_input_chunks_free
mtmd_input_chunk_get_type mtmd_input_chunk_get_tokens_text mtmd_input_chunk_get_tokens_image
mtmd_input_chunk_get_n_tokens mtmd_input_chunk_get_n_pos mtmd_image_tokens_get_decoder_pos
mtmd_tokenize mtmd_encode_chunk mtmd_get_output_embd
""".split()
STRUCTS = """
llama_model_params llama_context_params llama_batch
mtmd_context_params mtmd_input_text mtmd_decoder_pos
""".split()
HEADERS = ("include/llama.h", "tools/mtmd/mtmd.h")
INCLUDES = ("include", "ggml/include", "tools/mtmd")
_PLAIN = {
    "void": "void", "bool": "bool", "float": "float", "double": "double", "int": "int32", "char": "int8",
    "int8_t": "int8", "int16_t": "int16", "int32_t": "int32", "int64_t": "int64", "uint8_t": "uint8",
    "uint16_t": "uint16", "uint32_t": "uint32", "uint64_t": "uint64", "size_t": "size",
    "llama_token": "int32", "llama_pos": "int32", "llama_seq_id": "int32",
    "llama_memory_t": "pointer", "ggml_backend_dev_t": "pointer", "ggml_backend_sched_eval_callback": "pointer",
    "ggml_abort_callback": "pointer", "llama_progress_callback": "pointer", "ggml_log_callback": "pointer",
    "mtmd_progress_callback": "pointer",
}  # fmt: skip


def main(folder: Path, version: str) -> int:
    source = "\n".join((folder / header).read_text() for header in HEADERS)
    plain = re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)
    structs = {name: fields(plain, name) for name in STRUCTS}
    api = {
        "version": version,
        "structs": structs,
        "layout": layout(folder, structs),
        "functions": {name: signature(plain, name) for name in FUNCTIONS},
        "media": {name: signature(plain, name) for name in MEDIA},
    }
    print(json.dumps(api, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"'))
    return 0


def fields(plain: str, name: str) -> list[list[str]]:
    """[[field, type], ...] in order."""
    body = re.search(rf"\bstruct {name}\s*{{(.*?)}}", plain, re.DOTALL)
    if body is None:
        raise SystemExit(f"struct {name} is not in the headers")
    found: list[list[str]] = []
    for line in filter(None, (each.strip() for each in body.group(1).split(";"))):
        parts = re.fullmatch(r"(.*?)((?:\w+\s*,\s*)*\w+)", line, re.DOTALL)
        if parts is None or "," in parts[1]:
            raise SystemExit(f"the field {line!r} of {name} is not understood")
        kind, names = parts.groups()
        found += [[each.strip(), spelled(kind)] for each in names.split(",")]
    return found


def signature(plain: str, name: str) -> list[object]:
    """[result, [parameter, ...]]."""
    found = re.search(rf"(?:LLAMA|MTMD)_API\s+([\w\s*]*?)\b{name}\s*\(([^)]*)\)\s*;", plain, re.DOTALL)
    if found is None:
        raise SystemExit(f"{name} is not in the headers")
    result, parameters = found.groups()
    given = [each.strip() for each in parameters.split(",") if each.strip() not in ("", "void")]
    kinds = [each if each.endswith("*") else re.sub(r"\b\w+$", "", each) for each in given]
    return [spelled(result), [spelled(each) for each in kinds]]


def spelled(kind: str) -> str:
    """A C type as the data file names it."""
    words = kind.replace("*", " * ").split()
    if "*" in words:
        return "string" if words == ["const", "char", "*"] else "pointer"
    words = [word for word in words if word != "const"]
    if words[:1] == ["enum"]:
        return "int32"
    if words[:1] == ["struct"] and words[1] in STRUCTS:
        return words[1]
    if len(words) == 1 and words[0] in _PLAIN:
        return _PLAIN[words[0]]
    raise SystemExit(f"the type {kind.strip()!r} is not understood")


def layout(folder: Path, structs: dict[str, list[list[str]]]) -> dict[str, list[int]]:
    """[size, offset of each field, ...] as the C compiler lays them out; empty without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    lines = ["#include <stdio.h>", "#include <stddef.h>", '#include "mtmd.h"', "int main(void) {"]
    for name, found in structs.items():
        lines.append(f'printf("{name} %zu", sizeof(struct {name}));')
        lines += [f'printf(" %zu", offsetof(struct {name}, {field}));' for field, _ in found]
        lines.append('printf("\\n");')
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "layout.c"
        program.write_text("\n".join([*lines, "}"]))
        includes = [f"-I{folder / each}" for each in INCLUDES]
        subprocess.run([compiler, *includes, str(program), "-o", f"{place}/layout"], check=True)
        told = subprocess.run([f"{place}/layout"], check=True, capture_output=True, text=True).stdout
    return {name: [int(each) for each in numbers] for name, *numbers in map(str.split, told.splitlines())}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
