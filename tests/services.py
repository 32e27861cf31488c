"""Servers and programs of the system that tests start; where there are none, the test is skipped.

With CI set that is a failure.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from redis import Redis
from redis.exceptions import RedisError

PROJECT = Path(__file__).parent.parent
PATIENCE = 10  # seconds that a server may take to start


def missing(what: str) -> NoReturn:
    """Skip the test, unless this is CI, which could have installed it."""
    if os.environ.get('CI'):
        pytest.fail(f'{what} is missing: see .ci/run')
    pytest.skip(f'{what} is missing')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis server of the test's own; gives its address."""
    program = shutil.which('redis-server')
    if program is None:
        missing('redis-server')
    port = free_port()
    options = ['--port', str(port), '--bind', '127.0.0.1', '--save', '', '--dir', str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    with Redis(port=port) as client:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                client.ping()
                break
            except RedisError:
                time.sleep(0.02)
    try:
        yield f'redis://127.0.0.1:{port}/0'
    finally:
        process.terminate()
        process.wait()
