"""A worker's outside without a model: answers the ready probe on a Unix socket.

Reads ``--behave``: ``ok``, ``slow`` (never ready), ``refuse`` (exit 3), ``crash`` (exit 1);
a file ``<socket>.hang`` makes a ready one stop answering.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path


async def answer(reader, writer, hangs) -> None:
    if hangs():
        await asyncio.sleep(3600)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def serve(path: Path) -> None:
    hang = path.with_suffix(".hang")
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncio.start_unix_server(lambda r, w: answer(r, w, hang.exists), path)
    await stopping.wait()
    server.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--behave", default="ok")
    parser.add_argument("tag")
    parser.add_argument("--uds", type=Path)
    parser.add_argument("--digest")
    options = parser.parse_args()
    codes = {"refuse": 3, "crash": 1}
    if options.behave in codes:
        return codes[options.behave]
    if options.behave == "slow":
        signal.pause()
    asyncio.run(serve(options.uds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
