"""The house of docs/architecture.md, as laws on imports: down the floors, no cycles, a light front door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("types", "errors", "extras", "plain_values", "files", "settings_file"),
    ("text", "datasets"),
    ("backends",),
    ("models",),
    ("objectives", "calibration", "label_probe", "reading", "answering", "judge"),
    ("apps", "search"),
    ("evaluation", "training", "jobs", "serving", "client", "benchmark", "integrations", "mcp"),
    ("cli", "__main__"),
)
"""Rooms by floor, lowest first. A room may import its own floor and those below."""

DOORS = FLOORS[6]
"""Rooms that are independent of each other though they share a floor."""

FRONT_DESK = FLOORS[7]
"""Where printing and progress bars are."""

DRAWS_WHEN_ASKED = {"crossjudge.models.progress_bar"}
"""What `show_progress_bar=True` of the drop-in signatures needs."""

HEAVY = {
    "torch", "transformers", "sentence_transformers", "accelerate", "onnx", "onnxscript", "openvino", "onnxruntime",
    "tokenizers", "safetensors", "huggingface_hub", "datasets", "pyarrow", "typer", "rich", "numpy", "scipy", "plotly",
    "matplotlib", "usearch", "fastapi", "starlette", "pydantic", "pydantic_core", "uvicorn", "prometheus_client",
    "opentelemetry", "fsspec", "ray", "langchain_core", "llama_index", "haystack", "dspy", "mcp", "anyio", "h11",
}  # fmt: skip

BEHIND_EXTRAS = {
    "torch", "transformers", "sentence_transformers", "onnx", "onnxscript", "datasets", "pyarrow",
    "openvino", "scipy", "plotly", "matplotlib", "usearch", "fastapi", "starlette", "uvicorn",
    "prometheus_client", "ray", "langchain_core", "llama_index", "haystack", "dspy", "mcp", "h11",
}  # fmt: skip

IMPORTED_AS = {"haystack_ai": "haystack", "llama_index_core": "llama_index"}
"""Packages whose modules have another name."""


@dataclass(frozen=True)
class Import:
    """One import statement, or one string that names a module of ours to be imported later."""

    source: str
    target: str
    line: int
    deferred: bool

    @property
    def where(self) -> str:
        return f"{self.source}, line {self.line}: imports {self.target}"


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in PATHS.items()}


def room_of(module: str) -> str:
    """`crossjudge.text.batching` -> `text`."""
    return module.split(".")[1]


def at_the_front_desk(module: str) -> bool:
    """Whether a module talks to the person at the terminal: the last floor, and `python -m crossjudge.ROOM`."""
    return room_of(module) in FRONT_DESK or module.endswith(".__main__")


def floor_of(module: str) -> int:
    room = room_of(module)
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def statement_targets(node: ast.AST) -> list[str]:
    """The modules that an import statement names; `from crossjudge import text` names `crossjudge.text`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: a relative import; write the whole name"
        members = [f"{node.module}.{alias.name}" for alias in node.names]
        return [member if member in PATHS else str(node.module) for member in members]
    return []


def imports_of(name: str) -> list[Import]:
    """Every import of one module: statements anywhere in it, and strings such as `"crossjudge.backends.onnx:Onnx"`."""
    found = []
    for node in ast.walk(TREES[name]):
        found += [Import(name, target, node.lineno, False) for target in statement_targets(node)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            target = node.value.partition(":")[0]
            if target in PATHS and target != "crossjudge":
                found.append(Import(name, target, node.lineno, True))
    return found


IMPORTS = [found for name in PATHS for found in imports_of(name)]
OURS = [found for found in IMPORTS if found.target in PATHS and "." in found.target and "." in found.source]


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(name) for name in PATHS if "." in name}
    assert rooms <= {room for floor in FLOORS for room in floor}


def test_imports_go_down_the_floors() -> None:
    assert OURS
    assert not [found.where for found in OURS if floor_of(found.target) > floor_of(found.source)]


def test_no_door_imports_another() -> None:
    between = [found for found in OURS if room_of(found.source) in DOORS and room_of(found.target) in DOORS]
    assert not [found.where for found in between if room_of(found.source) != room_of(found.target)]


def test_nobody_imports_through_the_front() -> None:
    """Below the front desk a name is imported from its home, or a low floor would reach a high one unseen."""
    through = [found for found in IMPORTS if found.target == "crossjudge" and found.source != "crossjudge"]
    assert not [found.where for found in through if not at_the_front_desk(found.source)]


def test_no_import_cycles() -> None:
    """Not even through imports inside functions. A table of strings (`backends/base`) may name its own users."""
    graph = {name: set() for name in PATHS if "." in name}
    for found in OURS:
        if not found.deferred and found.source != found.target:
            graph[found.source].add(found.target)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


def test_every_package_that_is_imported_is_declared() -> None:
    """In pyproject.toml, so that a fresh installation has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = [re.match(r"[\w-]+", requirement)[0].replace("-", "_").lower() for requirement in requirements]
    declared = {IMPORTED_AS.get(name, name) for name in names}
    foreign = [found for found in IMPORTS if found.target.split(".")[0] not in sys.stdlib_module_names]
    assert foreign
    assert not [found.where for found in foreign if found.target.split(".")[0] not in declared]


FRAMEWORKS = {
    "langchain_core": "crossjudge.integrations.langchain",
    "llama_index": "crossjudge.integrations.llamaindex",
    "haystack": "crossjudge.integrations.haystack",
    "dspy": "crossjudge.integrations.dspy",
    "mcp": "crossjudge.mcp",
}
"""Framework -> the only module, or room, that imports it."""


def test_a_framework_is_imported_by_its_own_part_alone() -> None:
    """So that a part needs no other framework, and is not slowed down by one."""
    found = [one for one in IMPORTS if one.target.split(".")[0] in FRAMEWORKS]
    assert {one.target.split(".")[0] for one in found} == FRAMEWORKS.keys()
    assert not [one.where for one in found if not one.source.startswith(FRAMEWORKS[one.target.split(".")[0]])]


def test_only_the_front_desk_prints() -> None:
    calls = [
        f"{name}, line {node.lineno}"
        for name, tree in TREES.items()
        if "." in name and not at_the_front_desk(name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not calls


def test_only_the_front_desk_draws() -> None:
    drawing = [found for found in IMPORTS if found.target.split(".")[0] in {"rich", "tqdm", "typer"}]
    elsewhere = [found for found in drawing if not at_the_front_desk(found.source)]
    assert not [found.where for found in elsewhere if found.source not in DRAWS_WHEN_ASKED]


def test_every_file_is_a_noun() -> None:
    nothings = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert not [name for name in PATHS if nothings & set(name.split("."))]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import crossjudge", HEAVY),
        ("import crossjudge; dir(crossjudge)", HEAVY),
        ("from crossjudge import *", BEHIND_EXTRAS),
        ("import crossjudge.cli.main", BEHIND_EXTRAS),
    ],
)
def test_importing_is_free(statement: str, absent: set[str]) -> None:
    """In a new process, with every extra installed."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert not absent & set(loaded.stdout.split())
