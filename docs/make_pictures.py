"""Makes the pictures of the pages anew from what the programs show: `python docs/make_pictures.py [NAME ...]`.

Each picture is a real run of a real command with the models in the box: of a terminal (SVG), of a page that the command
wrote or serves (PNG, which needs Chromium), or what it drew (PNG). Run it after a change of the model or of what
commands print.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

sys.path.insert(0, str(ROOT / "tests"))
from headless_browser import Browser, browser, find_browser  # noqa: E402
from serving.live import live  # noqa: E402

CROSSJUDGE = [sys.executable, "-m", "crossjudge"]
SHARPNESS = 2
"""Pixels of a picture for each of the page."""

# Without a font from elsewhere: the places of the letters are stated, so any font of equal widths will do.
SVG = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)

COLOURS = TerminalTheme(
    (24, 28, 33),
    (222, 226, 230),
    [(24, 28, 33), (255, 110, 103), (98, 209, 130), (240, 200, 90), (110, 170, 255), (215, 140, 240), (90, 210, 220),
     (222, 226, 230)],
    [(140, 148, 158), (255, 140, 134), (130, 230, 160), (250, 220, 120), (140, 190, 255), (230, 170, 250),
     (120, 230, 240), (255, 255, 255)],
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """What commands print, as a terminal of `columns` shows it; each command may go over several lines."""

    commands: tuple[str, ...]
    columns: int = 84


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """The picture that a command writes into `file`."""

    command: str
    file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A page that a command writes into `file`, as a window of this size shows it. `focus`: where the Tab key is."""

    command: str
    file: str
    width: int
    height: int
    focus: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A tab of the playground with its example answered, as a window of this size shows it."""

    use: str
    width: int
    height: int


Picture = Terminal | Drawing | Written | Served

PICTURES: Mapping[str, Picture] = {
    "models.svg": Terminal(commands=("crossjudge models --objective nli --max-parameters 100M",), columns=104),
    "calibration.png": Drawing(
        command="crossjudge calibrate examples/data/labelled.csv --target-error 0.15 --plot calibration.png",
        file="calibration.png",
    ),
    "playground.png": Served(use="check", width=1240, height=880),
    "uses/tagging.svg": Terminal(
        commands=(
            "crossjudge tag examples/data/messages.csv \\\n"
            '    -l "late=Something arrived late." -l "broken=Something is broken." \\\n'
            '    -l "pleased=The writer is pleased."',
        ),
        columns=96,
    ),
    "uses/checking.png": Written(
        command="crossjudge check examples/data/answers.jsonl --html checked.html",
        file="checked.html",
        width=760,
        height=430,
        focus="mark.contradicted",
    ),
    "uses/answering.svg": Terminal(
        commands=(
            'crossjudge answer "A day ticket costs four euros, and children swim free." \\\n'
            '    "How much does a day ticket cost?" "four euros" "nothing" "a hundred dollars"',
        )
    ),
    "uses/scoring.svg": Terminal(
        commands=("crossjudge score examples/data/responses.csv --rubric examples/data/rubric.toml",), columns=104
    ),
    "uses/guarding.svg": Terminal(
        commands=(
            'crossjudge guard examples/data/messages.csv -p "civil=This text does not contain insults."',
            'crossjudge guard "My card is 4111 1111 1111 1111." --set pii --redact',
        ),
        columns=96,
    ),
    "uses/grading.png": Drawing(command="crossjudge grade examples/data/class.csv --plot class.png", file="class.png"),
    "uses/reranking.svg": Terminal(commands=("crossjudge rerank examples/data/rankings.jsonl --top-k 3",), columns=96),
    "uses/search.svg": Terminal(
        commands=(
            "crossjudge search notes --add examples/data/documents.csv",
            'crossjudge search notes "How do I keep bread fresh?" -k 3',
        ),
        columns=96,
    ),
    "uses/duplicates.svg": Terminal(commands=("crossjudge dedupe examples/data/texts.jsonl",), columns=92),
}
"""File under docs/images -> what it shows."""


def main() -> None:
    """Make all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(PICTURES)}")
    chosen = parser.parse_args().names or list(PICTURES)
    if unknown := sorted(set(chosen) - set(PICTURES)):
        parser.error(f"no picture is called {unknown[0]!r}; expected some of {', '.join(PICTURES)}")
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            shutil.copytree(ROOT / "examples", where / "examples")
            out = IMAGES / name
            out.parent.mkdir(parents=True, exist_ok=True)
            picture = PICTURES[name]
            MAKERS[type(picture)](picture, where, out)
        print(f"{out.relative_to(ROOT)}  {out.stat().st_size:,} bytes")


# ----------------------------------------------------------------------------------------------------------- terminals


def record(picture: Terminal, where: Path, out: Path) -> None:
    """A terminal with a prompt, each command and what it says, as SVG."""
    console = Console(width=picture.columns, record=True, file=io.StringIO())
    for place, command in enumerate(picture.commands):
        if place:
            console.print()
        console.print(Text.assemble(("$ ", "bold cyan"), command), highlight=False)
        said = on_a_terminal(words_of(command), where, picture.columns)
        console.print(Text.from_ansi(said.rstrip()), highlight=False)
    drawn = console.export_svg(title="crossjudge", theme=COLOURS, code_format=SVG, unique_id=out.stem)
    out.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", encoding="utf-8")


def words_of(command: str) -> list[str]:
    """A command line as the words of a process of this very Python."""
    program, *words = shlex.split(command.replace("\\\n", " "))
    return [*(CROSSJUDGE if program == "crossjudge" else [sys.executable]), *words]


def on_a_terminal(command: list[str], where: Path, columns: int) -> str:
    """What a command writes to a terminal of that width, colours and all; standard error is left out."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    process = subprocess.Popen(
        command, cwd=where, env=environment(columns), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    pieces = []
    while True:
        ready, _, _ = select.select([ours], [], [], 1)
        try:
            piece = os.read(ours, 65_536) if ready else b""
        except OSError:  # Linux says so where the other end is closed
            break
        if not piece and process.poll() is not None:
            break
        pieces.append(piece)
    os.close(ours)
    if process.wait() != 0:
        raise SystemExit(f"{shlex.join(command)} ended with {process.returncode}:\n{b''.join(pieces).decode()}")
    return b"".join(pieces).decode("utf-8").replace("\r\n", "\n")


def environment(columns: int) -> dict[str, str]:
    """A terminal with colours, and no hub."""
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(columns)}
    return os.environ | terminal | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")}


# --------------------------------------------------------------------------------------------------- pages and drawings


def draw(picture: Drawing, where: Path, out: Path) -> None:
    """Keep the picture that a command writes."""
    run(picture.command, where, picture.file)
    shutil.copyfile(where / picture.file, out)


def photograph(picture: Written, where: Path, out: Path) -> None:
    """A page that a command writes, as Chromium shows it."""
    run(picture.command, where, picture.file)
    with browser(executable(), where / "profile") as page:
        page.open(where / picture.file, width=picture.width, height=picture.height)
        if picture.focus is not None:
            page.run(f"document.querySelector({picture.focus!r}).focus()")
        shoot(page, picture, out)


ANSWERED = """new Promise((done) => {
    const panel = document.querySelector('.panel:not([hidden])');
    const outcome = panel.querySelector('.outcome');
    new MutationObserver((_, watcher) => {
        if (outcome.getAttribute('aria-busy') === 'true') return;
        watcher.disconnect();
        done();
    }).observe(outcome, {attributes: true, attributeFilter: ['aria-busy']});
    panel.querySelector('.primary').click();
})"""
"""Presses the button of the tab that is shown, and waits for the answer."""


def play(picture: Served, where: Path, out: Path) -> None:
    """The playground of a server with the embedded model; asked twice, so that nothing is still being loaded."""
    with live("--log-level", "error") as server, browser(executable(), where / "profile") as page:
        page.open(f"{server.url}/#use={picture.use}", width=picture.width, height=picture.height)
        for _ in range(2):
            page.run(ANSWERED)
        shoot(page, picture, out)


def executable() -> str:
    """Of the browser."""
    found = find_browser()
    if found is None:
        raise SystemExit("Making pictures of pages needs Chromium or Chrome on the PATH: apt-get install chromium")
    return found


def shoot(page: Browser, picture: Written | Served, out: Path) -> None:
    """What the window shows."""
    size = {"width": picture.width, "height": picture.height, "deviceScaleFactor": SHARPNESS}
    page.call("Emulation.setDeviceMetricsOverride", mobile=False, **size)
    page.screenshot(out, whole_page=False)


def run(command: str, where: Path, file: str) -> None:
    """A command for the file that it leaves behind."""
    done = subprocess.run(words_of(command), cwd=where, env=environment(100), capture_output=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    if not (where / file).is_file():
        raise SystemExit(f"{command} left no {file}; it said:\n{done.stdout}")


MAKERS: Mapping[type, Callable[..., None]] = {Terminal: record, Drawing: draw, Written: photograph, Served: play}


if __name__ == "__main__":
    main()
