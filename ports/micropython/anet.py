"""TCP and TLS links for asyncio on MicroPython."""

import asyncio

from .net import nodelay


class AsyncLink:
    """A stream to the bearer's host: coroutines. Raises OSError."""

    async def open(self, bearer):
        """Connect."""
        if bearer.tls:
            self.reader, self.writer = await asyncio.open_connection(
                bearer.host, bearer.number, ssl=bearer.tls, server_hostname=bearer.host
            )
        else:
            self.reader, self.writer = await asyncio.open_connection(bearer.host, bearer.number)
            nodelay(self.writer.s)

    async def readinto(self, view, ms):
        """Octets read into ``view``, 0 at the end of the stream. ms: the caller's to keep."""
        return await self.reader.readinto(view) or 0

    async def write(self, view, ms):
        """Send all of ``view``."""
        self.writer.write(view)
        await self.writer.drain()

    def close(self):
        """Close the stream; may be called again."""
        self.writer.close()
