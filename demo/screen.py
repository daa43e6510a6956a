"""The live terminal: renders the board four times a second, changes nothing."""

from typing import Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from demo.board import Board, Stage

REFRESH_PER_SECOND = 4
BAR_WIDTH = 34


class Screen:
    """A context manager around rich's Live display of the board."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._spinners: dict[str, Spinner] = {}
        self._live = Live(
            get_renderable=self.render,
            console=console,
            refresh_per_second=REFRESH_PER_SECOND,
            screen=console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def render(self) -> RenderableType:
        """The whole screen."""
        layout = Layout()
        layout.split_column(Layout(name="top", ratio=1), Layout(self._foot(), size=3))
        layout["top"].split_row(Layout(name="left", ratio=5), Layout(name="right", ratio=6))
        layout["left"].update(Panel(self._stages(), title="Signalbox", border_style="blue"))
        layout["right"].split_column(
            Layout(Panel(self._traffic(), title="Traffic", border_style="green"), ratio=5),
            Layout(Panel(self._timeline(), title="Releases", border_style="magenta"), ratio=6),
        )
        return layout

    def _stages(self) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=2)
        table.add_column(ratio=1)
        table.add_column(justify="right", width=8)
        for stage in self._board.stages:
            seconds = self._board.began + self._board.elapsed() - stage.started
            shown = seconds if stage.seconds is None else stage.seconds
            table.add_row(self._mark(stage), self._name(stage), f"{shown:.1f} s")
        return table

    def _mark(self, stage: Stage) -> RenderableType:
        if stage.failed:
            return Text("✗", style="bold red")
        if stage.seconds is not None:
            return Text("✓", style="bold green")
        return self._spinners.setdefault(stage.name, Spinner("dots", style="cyan"))

    def _name(self, stage: Stage) -> RenderableType:
        name = Text(stage.name)
        if stage.detail:
            name.append(f"  {stage.detail}", style="dim")
        if stage.seconds is not None or stage.total is None:
            return name
        bar = ProgressBar(total=stage.total, completed=stage.done, width=BAR_WIDTH)
        return Group(name, bar)

    def _traffic(self) -> RenderableType:
        board, tally = self._board, self._board.tally
        head = Text(f"{tally.sent:,} requests", style="bold")
        head.append("   failures ")
        head.append(str(len(tally.failures)), style="bold red" if tally.failures else "bold green")
        head.append(
            f"   p50 {tally.quantile_ms(0.5):.1f} ms   p99 {tally.quantile_ms(0.99):.1f} ms"
        )
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=2)
        table.add_column(width=BAR_WIDTH // 2)
        table.add_column(justify="right", width=8)
        totals: dict[str, int] = {}
        for (model, _), count in tally.by_version.items():
            totals[model] = totals.get(model, 0) + count
        for (model, version), count in sorted(tally.by_version.items()):
            label = Text(version)
            label.append(f"  {board.labels.get(version, '')}", style="dim")
            bar = ProgressBar(total=totals[model], completed=count, width=BAR_WIDTH // 2)
            table.add_row(label, bar, f"{count:,}")
        fallbacks = tally.by_reason["FALLBACK"]
        foot = Text(f"shadow: {board.shadow}   stable stepped in: {fallbacks}", style="dim")
        return Group(head, table, foot)

    def _timeline(self) -> RenderableType:
        board = self._board
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", style="dim", width=7)
        table.add_column()
        for seconds, text in board.timeline:
            table.add_row(f"{seconds:.0f} s", text)
        now = Text(f"revision {board.revision}  {board.current_step}", style="bold")
        return Group(now, table)

    def _foot(self) -> RenderableType:
        board = self._board
        text = Text(justify="center")
        for name, address in board.addresses.items():
            text.append(f"{name} ", style="dim")
            text.append(f"{address}   ", style=f"link {address}")
        text.append(f"memory {board.memory_bytes / 2**20:.0f} MB   Ctrl-C ends", style="dim")
        return Panel(text)
