"""deployment/healthcheck.py, as Docker runs it in a container."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.servers import PROJECT, free_port


class OnlyHealthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == '/healthz' else 503)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope='module')
def port() -> Iterator[int]:
    with HTTPServer(('127.0.0.1', 0), OnlyHealthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def healthy(port: int, *path: str) -> bool:
    # The way out of the container leads through a proxy, which is of no use here.
    proxy = f'http://127.0.0.1:{free_port()}'
    return not subprocess.run(
        [sys.executable, 'deployment/healthcheck.py', *path],
        cwd=PROJECT,
        env={'PORT': str(port), 'http_proxy': proxy, 'HTTP_PROXY': proxy},
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


def test_it_tells_by_its_status(port: int) -> None:
    assert healthy(port)
    assert not healthy(port, '/readyz')
    assert not healthy(free_port())
