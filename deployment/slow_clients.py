"""What gunicorn.conf.py makes of gunicorn's worker: no thread ever waits for what a visitor sends.

gunicorn's own worker reads a request in the thread that answers it, so that a few visitors who
send a byte now and then keep all threads to themselves. Here the loop that waits for connections
collects requests, any number at once, and a thread gets those that have arrived as a whole.
"""

import errno
import re
import socket
import sys
from collections import deque
from contextlib import suppress
from functools import partial
from operator import attrgetter
from selectors import EVENT_READ
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, Any

from gunicorn.asgi.parser import ParseError, PythonProtocol
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

ARRIVAL_TIME = 15  # seconds that a request may take to arrive as a whole
SEND_TIME = 15  # seconds that a visitor may take to accept a piece of an answer
# Bytes of a request that are waited for. That is more than the application takes
# (MAX_CONTENT_LENGTH), which answers without the rest.
MOST_BYTES = 128 * 1024
# Where pictures are uploaded (app/web/incoming.py) it may be more: that waits in a file.
ONE_PICTURE = re.compile(rb'.*/(edit_profile|picture|api/media|api/me/avatar)')
A_POST = re.compile(rb'.*/(index|post/[0-9]+(/edit)?)?')
MOST_OF_ONE, MOST_OF_A_POST = 16 * 1024 * 1024, 61 * 1024 * 1024  # bytes of a request there
MOST_UPLOADS = 20  # at a time, of each process: so much disk a stranger can fill
SLOWEST = 64 * 1024  # bytes of one that arrive in a second
PIECE = 64 * 1024  # bytes that are read of it at a time


class Arrived(Unreader):
    """What a thread reads a request from. More than has arrived is never waited for."""

    rest: IO[bytes] | None = None  # what did not go into memory

    def chunk(self, size_hint: int | None = None) -> bytes:
        data = self.rest.read(min(size_hint or PIECE, PIECE)) if self.rest else b''
        if not data:
            raise NoMoreData
        return data

    def take_buffered(self) -> bytes:
        """Return what has come after a request, and forget the request."""
        data: bytes = super().take_buffered()
        if self.rest is not None:
            data += self.rest.read(MOST_BYTES)
            self.rest.close()
            self.rest = None
        return data


class Connection(TConn):
    def __init__(self, worker: 'PatientWorker', sock: socket.socket, client: Any, server: Any):
        super().__init__(worker.cfg, sock, client, server)
        self.worker = worker
        # What gunicorn would do in a thread, by reading from the socket.
        self.initialized = self.data_ready = True
        self.parser = get_parser(self.cfg, (), client)
        self.parser.unreader = Arrived()

    def init(self) -> None:
        self.sock.settimeout(SEND_TIME)

    def begin(self) -> None:
        """Expect a request."""
        self.arrived = bytearray()
        self.rest: IO[bytes] | None = None
        self.length = 0
        self.told_to_continue = False
        # It tells where a request ends; how large its parts may be is for gunicorn's other parser.
        self.outline = PythonProtocol(
            limit_request_line=MOST_BYTES,
            limit_request_fields=0,
            limit_request_field_size=MOST_BYTES,
        )

    def is_complete_with(self, data: bytes) -> bool:
        """Add what has arrived. Tell whether it is a whole request, or one not worth the wait."""
        self.length += len(data)
        if self.rest is None:
            self.arrived += data
        else:
            self.rest.write(data)
        try:
            self.outline.feed(data)
        except (ParseError, ValueError):
            return True  # and refused by gunicorn's other parser
        size = max(self.length, self.outline.content_length or 0)
        if self.outline.is_complete or (size > MOST_BYTES and not self.is_upload(size)):
            return True
        if (b'expect', b'100-continue') in self.outline.headers and not self.told_to_continue:
            self.told_to_continue = True
            self.sock.send(b'HTTP/1.1 100 Continue\r\n\r\n')
        return False

    def is_upload(self, size: int) -> bool:
        """Tell whether a request may be so long; have the rest of it go into a file."""
        path = (self.outline.path or b'').partition(b'?')[0]
        if ONE_PICTURE.fullmatch(path):
            most = MOST_OF_ONE
        elif A_POST.fullmatch(path):
            most = MOST_OF_A_POST
        else:
            return False
        if size > most:
            return False
        if self.rest is None:
            if self.worker.number_of_uploads() >= MOST_UPLOADS:
                return False
            self.rest = TemporaryFile()  # noqa: SIM115 (closed with the request)
            self.worker.give_time(self, (self.outline.content_length or most) / SLOWEST)
        return True

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self.worker.see_off(self)
            return
        for file in (self.rest, self.parser.unreader.rest):
            if file is not None:
                file.close()
        super().close()


class PatientWorker(ThreadWorker):
    """gunicorn's `gthread`, with `pending_conns` for requests that have not arrived as a whole.

    Those that take too long are ended by `murder_pending`.
    """

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            sys.exit('TLS is for a server in front. (Or add: --worker-class gthread)')

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        self.enqueue_req(Connection(self, sock, client, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """Expect a request of a connection: a new one, or one whose last request is answered."""
        conn.begin()
        conn.sock.setblocking(False)
        conn.timeout = monotonic() + ARRIVAL_TIME
        self.pending_conns.append(conn)
        self._watch(conn, self.on_pending_socket_readable)
        too_much = conn.parser.unreader.take_buffered()
        if too_much:
            self._take(conn, too_much)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        data = _receive(client)
        if data is not None:
            self._take(conn, data)

    def _take(self, conn: Connection, data: bytes) -> None:
        try:
            is_complete = bool(data) and conn.is_complete_with(data)
        except OSError:
            data = b''
        if data and not is_complete:
            return
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        if data:
            conn.parser.unreader.unread(bytes(conn.arrived))
            if conn.rest is not None:
                conn.rest.seek(0)
                conn.parser.unreader.rest = conn.rest
            super().enqueue_req(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def number_of_uploads(self) -> int:
        return sum(conn.rest is not None for conn in self.pending_conns)

    def give_time(self, conn: Connection, seconds: float) -> None:
        """Let a request take so many seconds more to arrive."""
        conn.timeout += seconds
        self.pending_conns = deque(sorted(self.pending_conns, key=attrgetter('timeout')))

    def see_off(self, conn: Connection) -> None:
        """End a connection: closed before its visitor has done so, it may take the answer along.

        It counts as one that waits for another request, and what comes is thrown away.
        """
        self.nr_conns += 1
        conn.begin()
        conn.sock.setblocking(False)
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self._watch(conn, self.on_leaving_socket_readable)

    def on_leaving_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        data = _receive(client)
        conn.arrived += data or b''
        if data == b'' or len(conn.arrived) > MOST_BYTES:
            self.poller.unregister(client)
            self.keepalived_conns.remove(conn)
            self.nr_conns -= 1
            conn.close()

    def _watch(self, conn: Connection, callback: Any) -> None:
        self.poller.register(conn.sock, EVENT_READ, partial(callback, conn))

    def _cap_keepalive(self, deadline: float) -> None:
        """Let connections that nothing has come from hold up the end no longer than others."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            if not conn.arrived:
                conn.timeout = min(conn.timeout, deadline)
        self.pending_conns = deque(sorted(self.pending_conns, key=attrgetter('timeout')))


def _receive(client: socket.socket) -> bytes | None:
    """Return what there is to read, nothing at the end, None when there is nothing now."""
    try:
        return client.recv(64 * 1024)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b''
