"""The nginx of compose.yaml, with Docker's name server and several web servers (test_compose.py).

Containers are played by processes of this machine, each at an address of its own.
"""

import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from tests.deployment.namespaces import mount_empty, prepare_nginx, run
from tests.deployment.visitor import (
    Visitor,
    assert_little_is_fetched,
    assert_pictures_come_and_go,
    assert_secrets_are_left_out,
    core_story,
)
from tests.environment import bare
from tests.servers import PROJECT, answers, running, wait_until

SITE = 'http://localhost'
DOCKER_DNS = ('127.0.0.11', 53)
CONTAINERS = ['127.0.0.21', '127.0.0.22', '127.0.0.23']
FOLDER = Path('/run/microblog')


class Network:
    """The containers that `web` names."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self.processes: dict[str, ExitStack] = {}
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind(DOCKER_DNS)
        Thread(target=self._answer_queries, daemon=True).start()

    def _answer_queries(self) -> None:
        while True:
            query, sender = self.server.recvfrom(512)
            question = query[12 : query.index(b'\0', 12) + 5]
            record = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 4, 4)  # A, IN, for 4 s, 4 bytes
            records = b''.join(record + socket.inet_aton(address) for address in self.known)
            counts = struct.pack('>HHHH', 1, len(self.known), 0, 0)
            self.server.sendto(query[:2] + b'\x81\x80' + counts + question + records, sender)

    def add(self, address: str) -> None:
        settings = bare(
            SECRET_KEY='for tests only, and long enough for any use',
            DATABASE_URL=f'sqlite:///{FOLDER}/app.db',
            INSTANCE_PATH=str(FOLDER),
            SITE_URL=SITE,
            PROXY_COUNT='1',
            WEB_CONCURRENCY='1',
            LOG_TO_STDOUT='1',
        )
        flask = [sys.executable, '-m', 'flask', 'db', 'upgrade']
        subprocess.run(flask, cwd=PROJECT, env=settings, check=True, capture_output=True)
        gunicorn = [sys.executable, '-m', 'gunicorn', '-c', 'deployment/gunicorn.conf.py']
        options = ['-b', f'{address}:5000', '--access-logfile', '-', 'microblog:app']
        stack = self.processes[address] = ExitStack()
        stack.enter_context(running([*gunicorn, *options], self.log(address), settings))
        wait_until(lambda: answers(f'http://{address}:5000/readyz'), address)
        self.known.append(address)

    def kill(self, address: str) -> None:
        """End a container, whose name is known for a while still."""
        self.processes.pop(address).close()

    def log(self, address: str) -> Path:
        return FOLDER / f'{address}.log'

    def visits(self, address: str, path: str) -> int:
        return self.log(address).read_text().count(f'"GET {path}')


@pytest.fixture(scope='module')
def network() -> Iterator[Network]:
    run('ip', 'link', 'set', 'lo', 'up')
    prepare_nginx()
    mount_empty('/srv')
    FOLDER.mkdir()
    Path('/srv/media').symlink_to(FOLDER / 'media')  # the volume
    shutil.copy(PROJECT / 'deployment/nginx/compose.conf', '/etc/nginx/conf.d/default.conf')
    network = Network()
    network.add(CONTAINERS[0])
    with running(['nginx', '-g', 'daemon off;'], FOLDER / 'nginx.log'):
        wait_until(lambda: answers(f'{SITE}/healthz'), 'nginx')
        yield network
    for stack in network.processes.values():
        stack.close()


def test_the_core_story(network: Network) -> None:
    susan, _ = core_story(SITE)
    assert susan.get('/messages/sent').status == 200
    # It is logged after it was answered.
    logged = partial(network.visits, CONTAINERS[0], '/messages/sent')
    wait_until(lambda: logged() > 0, 'a line about the visit')
    assert logged() == 1


def test_nginx_takes_and_serves_pictures(network: Network) -> None:
    assert_pictures_come_and_go(SITE)


def test_secrets_in_links_are_not_logged(network: Network) -> None:
    assert_secrets_are_left_out(SITE, Path('/var/log/nginx/access.log'), network.log(CONTAINERS[0]))


def test_static_files_are_fetched_once(network: Network) -> None:
    visitor = Visitor(SITE)
    found = re.search(r'"(/bootstrap/static/[^"]*css)"', visitor.get('/auth/login').text)
    assert found
    for _ in range(3):
        for encoding in ('br', 'gzip', 'identity'):
            answer = visitor.get(found[1], Accept_Encoding=encoding)
            assert answer.status == 200
            assert 'immutable' in answer.headers['Cache-Control']
            assert answer.headers.get('Content-Encoding', 'identity') == encoding
    assert network.visits(CONTAINERS[0], found[1]) == 3  # once for each encoding


def test_pages_are_small_and_their_lengths_tell_nothing(network: Network) -> None:
    assert_little_is_fetched(SITE)


def test_containers_come_and_go(network: Network) -> None:
    visitor = Visitor(SITE)
    for address in CONTAINERS[1:]:
        network.add(address)

    def everybody_is_asked() -> bool:
        assert visitor.get('/auth/login').status == 200
        return all(network.visits(address, '/auth/login') for address in CONTAINERS)

    wait_until(everybody_is_asked, 'a visit to each container')
    network.kill(CONTAINERS[0])
    assert {visitor.get('/auth/login').status for _ in range(30)} == {200}
