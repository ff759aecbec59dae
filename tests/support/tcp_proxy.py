"""A TCP proxy that a test can slow down, cut, or point elsewhere: what a network does that SIGSTOP does not show."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing, suppress


class TcpProxy:
    """Passes bytes on to a port of the loopback, in a thread of its own.

    Attributes:
        target: The port; a new one holds for new connections.
        delay: Seconds that each piece waits on its way back.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        self._uncut = asyncio.Event()
        self._uncut.set()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)

    def cut(self) -> None:
        """Let no byte through any more; connections stay open."""
        self._loop.call_soon_threadsafe(self._uncut.clear)

    def drop(self) -> None:
        """Close every connection."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(5)

    def close(self) -> None:
        """End it."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self, ready: threading.Event) -> None:
        async def listen() -> asyncio.Server:
            return await asyncio.start_server(self._accept, "127.0.0.1", 0)

        self._server = self._loop.run_until_complete(listen())
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back_writer)
        if writer.transport.is_closing():  # dropped meanwhile
            back_writer.transport.abort()
            return
        for pair, slow in (((reader, back_writer), False), ((back_reader, writer), True)):
            task = asyncio.create_task(self._pass_on(*pair, slow=slow))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        with suppress(OSError), closing(writer):
            while data := await reader.read(65536):
                if slow and self.delay:
                    await asyncio.sleep(self.delay)
                await self._uncut.wait()
                writer.write(data)
                await writer.drain()

    async def _drop(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._drop()
        await asyncio.sleep(0.01)  # transports say goodbye
        await self._drop()
