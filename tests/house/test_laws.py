"""The laws of the house that import-linter cannot see. No exemption list."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
ROOMS = {
    *("core", "storage", "isolation", "catalog", "engines", "inputs", "retrieval", "reasoning", "outputs", "tools"),
    *("memory", "safety", "rendering", "runtime", "agents", "evaluation", "training", "compression", "serving", "cli"),
}
FORBIDDEN_CALLS = {"eval", "exec"}
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "jinja2"}
SANDBOXED = {"jinja2.sandbox", "jinja2.exceptions"}


def code_lines(node: ast.AST, source: list[str]) -> int:
    """Lines of a function that are neither blank nor its docstring."""
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    lines = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return sum(1 for number in lines if source[number - 1].strip())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_and_functions_are_small(path: Path) -> None:
    source = path.read_text().splitlines()
    assert len(source) <= 400, f"{path} has {len(source)} lines: it holds two ideas, give each a room"
    for node in ast.walk(ast.parse("\n".join(source))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = code_lines(node, source)
            assert lines <= 40, f"{path}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_unsafe(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
            assert not names & FORBIDDEN_IMPORTS, f"{path}:{node.lineno} imports {names & FORBIDDEN_IMPORTS}"
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module not in SANDBOXED:
            assert (node.module or "").split(".")[0] not in FORBIDDEN_IMPORTS, f"{path}:{node.lineno}"
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN_CALLS, f"{path}:{node.lineno} calls {node.func.id}"
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                assert (node.func.value.id, node.func.attr) != ("yaml", "load"), f"{path}:{node.lineno}"
            shell = [word for word in node.keywords if word.arg == "shell"]
            assert not any(getattr(w.value, "value", True) for w in shell), f"{path}:{node.lineno} uses a shell"


def test_rooms_are_those_of_the_design() -> None:
    folders = {p.name for p in (ROOT / "src/omniloom").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= ROOMS
    assert len(list((ROOT / "src/omniloom/core").glob("*.py"))) <= 8


def test_import_is_light() -> None:
    """`import omniloom` loads the standard library, pydantic and what pydantic itself needs; nothing else."""
    script = (
        "import sys, pydantic; before = set(sys.modules); import omniloom; "
        "print('\\n'.join(sorted({m.split('.')[0] for m in set(sys.modules) - before})))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    allowed = {"omniloom", "pydantic", "pydantic_core", "typing_extensions", "annotated_types", "typing_inspection"}
    stdlib = {name for name in loaded if name in sys.stdlib_module_names or name.startswith("_sysconfigdata")}
    foreign = set(loaded) - allowed - stdlib
    assert not foreign, f"import omniloom loads {sorted(foreign)}"


def test_import_contracts_hold() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


def test_public_names_and_parameters_are_frozen() -> None:
    import inspect

    import omniloom
    from omniloom.runtime.model import Model

    assert set(omniloom.__all__) == {"PDF", "Audio", "Image", "OmniloomError", "Table", "Text", "Video", "load"}
    parameters = list(inspect.signature(Model.generate).parameters)
    assert parameters == [
        *("self", "inputs", "output_modes", "schema", "reasoning_budget", "system", "messages", "tools", "strategy"),
        *("sampling", "seed", "max_output_tokens", "stop", "unsupported", "max_risk", "on_loss", "budget", "timeout"),
        "trace",
    ]
    beside = {"generate", "stream", "agenerate", "astream", "batch", "embed", "count_tokens", "warm", "close"}
    public = {name for name in vars(Model) if not name.startswith("_")}
    assert beside <= public
