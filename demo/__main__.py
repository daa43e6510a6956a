"""``python -m demo``; ``make demo`` after the virtual environment is there."""

import asyncio
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console

from bentos.contract.errors import ContractError
from demo import summary
from demo.board import Board
from demo.errors import BadInputError, DemoError
from demo.memory import MemorySampler
from demo.options import Options, parse
from demo.ports import check_free
from demo.screen import Screen
from demo.session import Session, as_line

EXIT_NOT_RIGHT = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class Interrupted(Exception):
    """Ctrl-C before the story was told."""


def main() -> int:
    """0 when everything was right; 1 when not; 2 for bad input; 130 for Ctrl-C on the way."""
    try:
        options = parse()
        check_free(options.port_base, "gateway")
        check_free(options.port_base + 1, "control plane")
    except ContractError as error:
        sys.stderr.write(f"demo: {error}\n")
        return EXIT_BAD_INPUT
    console = Console()
    live = console.is_terminal and not options.json
    board = Board(lines=not live)
    memory = MemorySampler(options.home / "fleet" / "workers", board)
    memory.start()
    try:
        screen: AbstractContextManager[Any] = Screen(board, console) if live else nullcontext()
        with screen:
            result = asyncio.run(_run(options, board, memory))
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return EXIT_BAD_INPUT if isinstance(error, BadInputError) else EXIT_NOT_RIGHT
    except Interrupted:
        sys.stderr.write("demo: interrupted; everything it started has ended\n")
        return EXIT_INTERRUPTED
    finally:
        memory.stop()
    _tell(result, options, console)
    return 0 if result["ok"] else EXIT_NOT_RIGHT


async def _run(options: Options, board: Board, memory: MemorySampler) -> dict[str, Any]:
    session = Session(options, board, memory)
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked_to_end.set)
    work = asyncio.create_task(session.run())
    ending = asyncio.create_task(asked_to_end.wait())
    try:
        await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            if not session.holding:
                work.cancel()
            session.end_hold.set()
        await work
    except asyncio.CancelledError as error:
        raise Interrupted from error
    finally:
        ending.cancel()
        with board.stage("end every process"):
            await asyncio.to_thread(session.children.stop_all)
    return session.finish()


def _tell(result: dict[str, Any], options: Options, console: Console) -> None:
    if options.json:
        sys.stdout.write(as_line(result) + "\n")
        return
    summary.show(result, console)


if __name__ == "__main__":
    raise SystemExit(main())
