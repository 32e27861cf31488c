"""Servers that the tests start for themselves, and stop and start again in mid-use."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from redis import Redis
from redis.exceptions import RedisError

REDIS_PATIENCE = 10  # seconds that it may take to start

PROJECT = Path(__file__).parents[1]
PATIENCE = 60  # seconds that anything may take


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def missing(what: str) -> None:
    """Skip the test for lack of a program; with CI set that is a failure."""
    if os.environ.get('CI'):
        pytest.fail(f'{what} is missing')
    pytest.skip(f'{what} is missing')


class PostgreSQL:
    """A PostgreSQL server with an empty database, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        programs = sorted(Path('/usr/lib/postgresql').glob('*/bin'))
        if not programs and not shutil.which('initdb'):
            missing('PostgreSQL')
        self.programs = programs[-1] if programs else Path(shutil.which('initdb') or '').parent
        self.data = folder / 'data'
        self.port = free_port()
        self._run('initdb', '-U', 'microblog', '-E', 'UTF8', '--locale=C.UTF-8', '--auth=trust')

    @property
    def url(self) -> str:
        return f'postgresql://microblog@127.0.0.1:{self.port}/postgres'

    def start(self) -> None:
        options = f'-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='
        self._run('pg_ctl', '-w', '-l', f'{self.data}/log', '-o', options, 'start')

    def stop(self) -> None:
        """End it at once, in the middle of whatever it is doing."""
        self._run('pg_ctl', '-m', 'immediate', 'stop')

    def _run(self, program: str, *arguments: str) -> None:
        # The server refuses to be run by root, as which tests in a container run.
        user = 'postgres' if os.getuid() == 0 else None
        subprocess.run(
            [self.programs / program, '-D', self.data, *arguments],
            check=True,
            user=user,
            cwd=self.data.parent,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    folder = Path(mkdtemp(prefix='postgresql-'))
    if os.getuid() == 0:
        os.chown(folder, pwd.getpwnam('postgres').pw_uid, -1)
    try:
        server = PostgreSQL(folder)
        server.start()
        yield server
        if (server.data / 'postmaster.pid').exists():
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis server of the test's own; gives its address."""
    program = shutil.which('redis-server')
    if program is None:
        missing('redis-server')
    port = free_port()
    options = ['--port', str(port), '--bind', '127.0.0.1', '--save', '', '--dir', str(folder)]
    process = subprocess.Popen([str(program), *options], stdout=subprocess.DEVNULL)
    with Redis(port=port) as client:
        end = monotonic() + REDIS_PATIENCE
        while monotonic() < end:
            try:
                client.ping()
                break
            except RedisError:
                sleep(0.02)
    try:
        yield f'redis://127.0.0.1:{port}/0'
    finally:
        process.terminate()
        process.wait()


class Dripping:
    """A server that sends `start` at once, and then a byte now and then for ever."""

    INTERVAL = 0.05  # seconds

    def __init__(self, start: bytes) -> None:
        self.start = start
        self.cut = Event()  # a client has hung up
        self.over = Event()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port: int = self.listener.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}'
        self.threads = [Thread(target=self._accept)]

    def __enter__(self) -> 'Dripping':
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                thread = Thread(target=self._drip, args=[self.listener.accept()[0]])
                self.threads.append(thread)
                thread.start()

    def _drip(self, client: socket.socket) -> None:
        with client:
            try:
                client.sendall(self.start)
                while not self.over.wait(self.INTERVAL):
                    client.sendall(b' ')
            except OSError:
                self.cut.set()


def wait_until(happened: Callable[[], bool], what: str) -> None:
    end = monotonic() + PATIENCE
    while not happened():
        assert monotonic() < end, f'never: {what}'
        sleep(0.05)


def answers(url: str, status: int = 200) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == status)
    except HTTPError as error:
        return error.code == status
    except OSError:
        return False


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator['subprocess.Popen[bytes]']:
    """Run a server in the project folder, and end it with all that it has started."""
    with log.open('wb') as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
