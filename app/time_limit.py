"""A limit for the whole of an answer of another server.

The time-outs of HTTP libraries hold for one read from a socket: a server that sends a byte now and
then is waited for without end. Here they hold for all reads of an answer together.
"""

from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any

from urllib3.connectionpool import ConnectionPool


def limit_answers(pool: ConnectionPool) -> None:
    """Give the answers that come through `pool` no more time than its time-out for one read."""
    their: Any = pool
    kind = their.ConnectionCls
    if kind.response_class is not _TimelyResponse:
        their.ConnectionCls = type(kind.__name__, (kind,), {'response_class': _TimelyResponse})


class _TimelyResponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = BufferedReader(_TimelyReader(sock, self.fp.detach()))


class _TimelyReader(RawIOBase):
    """Reads from `stream`, that of a socket, until the socket's time-out is over."""

    def __init__(self, sock: socket, stream: Any) -> None:
        self.sock, self.stream = sock, stream
        self.seconds = sock.gettimeout() or 0
        self.end = monotonic() + self.seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError('the answer takes too long')
        self.sock.settimeout(left)
        try:
            count: int | None = self.stream.readinto(buffer)
            return count
        finally:
            # The next request on this connection has all its time again.
            self.sock.settimeout(self.seconds)

    def close(self) -> None:
        self.stream.close()
        super().close()
