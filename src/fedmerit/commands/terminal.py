"""The one way to the terminal: harmless text, JSON, hints, and progress on standard error.

What is printed may be a stranger's: a member's name, a line of a bundle, a node's answer. So
every command prints through :data:`out` and :data:`err`, which let no character through that a
terminal obeys, whoever forgot to think of it.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.segment import Segment

from fedmerit.untrusted import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from rich.console import ConsoleOptions, RenderableType

    from fedmerit.bundle.directory import Stage


class Terminal(Console):
    """A console that writes out what a terminal would obey, styles of its own aside."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Give what is to be written, every piece of text in it harmless."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(harmless(segment.text, keep="\n"), segment.style, segment.control)


#: Results.
out = Terminal(highlight=False)
#: Progress, problems and hints.
err = Terminal(stderr=True, highlight=False)


def shown(text: object) -> str:
    """Give *text* as it may stand between markup: in one line, and without markup of its own."""
    return escape(harmless(str(text)))


def print_json(value: object) -> None:
    """Print a value as JSON, and nothing else."""
    text = harmless(json.dumps(value, indent=2, ensure_ascii=False), keep="\n")
    out.print(text, markup=False, soft_wrap=True)


def suggest(command: str, why: str) -> None:
    """Say on standard error what a person would type next."""
    err.print(f"[dim]next:[/] {shown(command)}  [dim]{shown(why)}[/]", soft_wrap=True)


_DOING: Final[dict[Stage, str]] = {
    "train": "Training the federation",
    "draw": "Drawing the seed",
    "value": "Valuing contributions",
    "reward": "Dividing the budget",
    "settle": "Settling on the chain",
    "report": "Writing the report",
}


#: Seconds after which a stage says how far it is, where no bar shows it.
_QUIET: Final = 10.0


class TerminalProgress:
    """Shows the stages of one run on *console*.

    Satisfies :class:`fedmerit.pipeline.Progress`; use it as a context manager.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._stage: Stage | None = None
        self._since = self._told = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._complete()
        self._bars.stop()

    def stage(self, name: Stage) -> None:
        """Show that *name* begins, and that the stage before it is complete."""
        self._complete()
        self._stage = name
        self._since = self._told = perf_counter()
        self._task = self._bars.add_task(_DOING[name], total=None)

    def advance(self, done: int, total: int) -> None:
        """Show that *done* of the stage's *total* steps are behind us."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total)
        if self._stage and not self._console.is_terminal and perf_counter() - self._told > _QUIET:
            self._told = perf_counter()
            self._console.print(f"{_DOING[self._stage]}: {done:,} of {total:,}")

    def done(self) -> None:
        """Show that the last stage is complete, and leave the terminal to the result."""
        self._complete()
        self._bars.stop()

    def _complete(self) -> None:
        if self._stage is None or self._task is None:
            return
        if self._console.is_terminal:
            task = self._bars.tasks[self._task]
            steps = task.total or 1
            self._bars.update(self._task, total=steps, completed=steps)
        else:
            seconds = perf_counter() - self._since
            self._console.print(f"{_DOING[self._stage]}: done in {seconds:.1f} s")
        self._stage = None
