"""The front desk as a whole: help at once, errors in one place, and a process that ends as a shell expects."""

import subprocess
import sys

import pytest
from command_line import crossjudge, in_new_process

import crossjudge as package
from crossjudge.cli import main as front_desk

COMMANDS = ("judge", "predict", "evaluate", "compare", "models", "doctor", "export")
SLOW = {"numpy", "torch", "transformers", "onnxruntime", "tokenizers", "huggingface_hub", "pyarrow", "safetensors"}


@pytest.mark.parametrize("words", [("--help",), ("--version",), *((name, "--help") for name in COMMANDS), ("models",)])
def test_help_loads_no_library_that_computes(words):
    code = f"""
import sys
from crossjudge.cli.main import app
try:
    app({list(words)!r})
finally:
    print(*{{name.split(".")[0] for name in sys.modules}}, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not SLOW & set(done.stderr.split())


def test_every_command_has_help_and_an_example():
    listed = crossjudge("--help").out
    for name in COMMANDS:
        assert name in listed
        answer = crossjudge(name, "--help", width=200)
        assert answer.code == 0
        assert f"crossjudge {name} " in answer.out or name == "doctor"


def test_version_and_no_arguments():
    assert crossjudge("--version").out == f"crossjudge {package.__version__}\n"
    assert "Usage" in crossjudge().out


@pytest.mark.parametrize("words", [("nonsense",), ("--nonsense",)])
def test_unknown_commands_and_options_are_exit_code_2(words):
    assert crossjudge(*words).code == 2


def test_the_module_runs_as_a_program():
    stdin = b'{"text_a": "caf\xc3\xa9", "text_b": "b"}\n{"text_a": "\xff"}\n'
    answer = in_new_process("judge", "-", "--backend", "fake", "--json", stdin=stdin)
    assert answer.code == 2
    assert [("label" in row, "error" in row) for row in answer.rows] == [(True, False), (False, True)]
    assert "standard input line 2: not UTF-8" in answer.err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_hangs_up_ends_the_command_without_noise():
    command = [sys.executable, "-m", "crossjudge", "judge", "-", "--backend", "fake", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write(b'{"text_a": "a", "text_b": "b"}\n' * 3000)
        process.stdin.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")


def test_a_fault_of_our_own_keeps_its_traceback_and_has_its_own_exit_code(monkeypatch, capsys):
    def fail() -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(front_desk, "app", fail)
    with pytest.raises(SystemExit) as caught:
        front_desk.main()
    assert caught.value.code == front_desk.INTERNAL_ERROR
    assert "RuntimeError: a fault" in capsys.readouterr().err
