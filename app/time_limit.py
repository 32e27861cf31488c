"""A limit for the whole time that a request to another server takes.

The time-outs of HTTP libraries hold for one read from a socket: a server that sends a byte now and
then is waited for without end. Here the work is done by a thread beside the one that waits for it,
and its connections are cut when the time is over, so that the thread ends as well.
"""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar, copy_context
from threading import Lock, Thread
from typing import Any, TypeVar

from urllib3.connectionpool import ConnectionPool

T = TypeVar('T')


def within(seconds: float, function: Callable[[], T]) -> T:
    """Return what `function` returns, or raise what it raises, or TimeoutError after `seconds`.

    It must not use the database session, and must take its connections from a `cuttable` pool.
    """
    answer: Future[T] = Future()
    connections = _Connections()

    def run() -> None:
        _present.set(connections)
        try:
            answer.set_result(function())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            answer.set_exception(error)

    Thread(target=copy_context().run, args=[run], name='time limit', daemon=True).start()
    try:
        return answer.result(seconds)
    finally:
        connections.leave(cut=not answer.done())


def cuttable(pool: ConnectionPool) -> None:
    """Let `within` end what is done with the connections of `pool`."""
    their: Any = pool
    kind = their.ConnectionCls
    if not issubclass(kind, _Cuttable):
        their.ConnectionCls = type(kind.__name__, (_Cuttable, kind), {})


class _Connections:
    """The connections that one call of `within` has used."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False

    def add(self, sock: socket.socket) -> None:
        with self._lock:
            if self._is_over:
                raise TimeoutError('nobody waits for the answer any more')
            # A second handle on the connection, which TLS, reuse and closing leave alone.
            self._sockets.append(socket.fromfd(sock.fileno(), sock.family, sock.type))

    def leave(self, *, cut: bool) -> None:
        with self._lock:
            self._is_over = True
            for sock in self._sockets:
                if cut:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                sock.close()


_present: ContextVar[_Connections | None] = ContextVar('connections', default=None)


class _Cuttable:
    """What is added to a class of urllib3's connections."""

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            _note(sock)
        except TimeoutError:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _note(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


def _note(sock: socket.socket) -> None:
    connections = _present.get()
    if connections is not None:
        connections.add(sock)
