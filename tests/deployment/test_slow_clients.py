"""Visitors who take their time, where no server in front collects what they send."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import pytest
import requests
from PIL import Image

from app.media import images
from tests.deployment.test_gunicorn import environment, flask_db_upgrade
from tests.deployment.visitor import Visitor, core_story
from tests.pictures import a_file, encoded, form_with
from tests.servers import PROJECT, answers, free_port, running, wait_until

SLOW = 200
HEAD = b'POST /auth/login HTTP/1.1\r\nHost: localhost\r\n'
FORM = HEAD + b'Content-Type: application/x-www-form-urlencoded\r\n'
BEGINNINGS = [
    b'',
    HEAD,
    FORM + b'Content-Length: 1000\r\n\r\n',
    FORM + b'Transfer-Encoding: chunked\r\n\r\n1',
]


@pytest.fixture(scope='module')
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server with the configuration that gunicorn finds by itself."""
    folder = tmp_path_factory.mktemp('server')
    port = free_port()
    settings = environment(folder, PORT=str(port))
    flask_db_upgrade(settings)
    gunicorn = [sys.executable, '-m', 'gunicorn', 'microblog:app']
    with running(gunicorn, folder / 'log', settings):
        wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the server')
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(('127.0.0.1', port), timeout=30)


def time_of_a_page(port: int) -> float:
    visitor = Visitor(f'http://127.0.0.1:{port}')
    times = []
    for _ in range(25):
        start = monotonic()
        assert visitor.get('/auth/login').status == 200
        times.append(monotonic() - start)
    return median(times)


def is_over(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1000) == b''
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_slow_clients_hold_up_nobody_and_are_ended(port: int) -> None:
    usual = time_of_a_page(port)
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(port)) for _ in range(SLOW)]
        start = monotonic()
        for client, beginning in zip(clients, cycle(BEGINNINGS), strict=False):
            client.sendall(beginning)
        while monotonic() < start + 11:
            assert time_of_a_page(port) < 10 * usual
            assert not any(is_over(client) for client in clients)
            for client, beginning in zip(clients, cycle(BEGINNINGS), strict=False):
                client.sendall(beginning and b'1')
            sleep(2)
        wait_until(lambda: all(is_over(client) for client in clients), 'their end')
        assert monotonic() - start < 20


def test_a_page_that_is_over_is_not_held_open(port: int) -> None:
    """Visitors who get an answer, and stay in the line, hold up nobody either."""
    usual = time_of_a_page(port)
    with ExitStack() as stack:
        for _ in range(SLOW):
            client = stack.enter_context(connect(port))
            client.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        assert time_of_a_page(port) < 10 * usual


def answer_to(client: socket.socket, request: bytes, piece: int = 0) -> bytes:
    """Send a request, in pieces or at once, and return all that comes back."""
    for start in range(0, len(request), piece or len(request)):
        client.sendall(request[start : start + (piece or len(request))])
        if piece:
            sleep(0.001)
    received = b''
    while data := client.recv(65536):
        received += data
    return received


CLOSE = b'Connection: close\r\n'
GET = b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
JSON = b'POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
CHUNKS = b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"userna\r\n8\r\nme": 1 }\r\n0\r\n\r\n'


@pytest.mark.parametrize('piece', [0, 7])
@pytest.mark.parametrize(
    ('request_', 'expected'),
    [
        (GET + CLOSE + b'\r\n', [b'HTTP/1.1 200']),
        ((GET + b'\r\n') * 2 + GET + CLOSE + b'\r\n', [b'HTTP/1.1 200'] * 3),
        (JSON + CLOSE + b'Content-Length: 2\r\n\r\n{}', [b'HTTP/1.1 400']),
        (JSON + CLOSE + CHUNKS, [b'HTTP/1.1 400']),
        (JSON + CHUNKS + GET + CLOSE + b'\r\n', [b'HTTP/1.1 400', b'HTTP/1.1 200']),
        (b'nonsense\r\n\r\n', [b'HTTP/1.1 400']),
        (b'GET / HTTP/1.0\r\n\r\n', [b'HTTP/1.0 302']),
        (HEAD + b'Content-Length: ' + b'9' * 5000 + b'\r\n\r\n', [b'HTTP/1.1 ']),
    ],
)
def test_requests_arrive_in_whatever_pieces(
    port: int, request_: bytes, piece: int, expected: list[bytes]
) -> None:
    with connect(port) as client:
        received = answer_to(client, request_, piece)
    statuses = [line for line in received.splitlines() if line.startswith(b'HTTP/')]
    assert [status[: len(start)] for status, start in zip(statuses, expected, strict=True)] == (
        expected
    )


@pytest.mark.parametrize(
    ('request_', 'status'),
    [
        (FORM + b'Content-Length: 1000000\r\n\r\n', b'413'),
        (FORM + b'Content-Length: 100000\r\n\r\n' + b'x' * 100_000, b'413'),
        (FORM + b'Transfer-Encoding: chunked\r\n\r\n30000\r\n' + b'x' * 200_000, b'400'),
        (GET + b'X: ' + b'x' * 10_000 + b'\r\n\r\n', b'431'),
    ],
)
def test_what_is_too_large_is_told(port: int, request_: bytes, status: bytes) -> None:
    with connect(port) as client:
        client.sendall(request_)
        assert client.recv(12) == b'HTTP/1.1 ' + status


def test_what_follows_a_body_that_was_not_awaited_is_no_request(port: int) -> None:
    with connect(port) as client:
        received = answer_to(client, FORM + b'Content-Length: 1000000\r\n\r\n' + (GET + b'\r\n'))
    assert received.count(b'HTTP/1.1 ') == 1


def test_a_client_that_asks_whether_to_continue_is_told(port: int) -> None:
    with connect(port) as client:
        client.sendall(JSON + CLOSE + b'Expect: 100-continue\r\nContent-Length: 2\r\n\r\n')
        assert client.recv(25) == b'HTTP/1.1 100 Continue\r\n\r\n'
        assert b'HTTP/1.1 400' in answer_to(client, b'{}')


def test_the_core_story(port: int) -> None:
    core_story(f'http://127.0.0.1:{port}')


def test_the_server_ends_soon_with_connections_open(tmp_path: Path) -> None:
    port = free_port()
    settings = environment(tmp_path, PORT=str(port))
    flask_db_upgrade(settings)
    gunicorn = [sys.executable, '-m', 'gunicorn', 'microblog:app']
    with ExitStack() as stack:
        process = stack.enter_context(running(gunicorn, tmp_path / 'log', settings))
        wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the server')
        for request in (b'', GET + b'\r\n'):
            client = stack.enter_context(connect(port))
            client.sendall(request)
        assert client.recv(12) == b'HTTP/1.1 200'
        start = monotonic()
        process.terminate()
        assert process.wait(30) == 0
        assert monotonic() - start < 8


def test_it_does_not_take_tls_for_a_request(tmp_path: Path) -> None:
    tls = ['--keyfile', __file__, '--certfile', __file__]  # not looked into
    result = subprocess.run(
        [sys.executable, '-m', 'gunicorn', *tls, 'microblog:app'],
        cwd=PROJECT,
        env=environment(tmp_path, PORT=str(free_port())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert 'TLS is for a server in front.' in result.stderr


@pytest.fixture(scope='module')
def token(port: int) -> str:
    """Of a person who uploads pictures."""
    site = f'http://127.0.0.1:{port}'
    form = {'username': 'painter', 'email': 'painter@example.com', 'password': 'left right left'}
    assert requests.post(f'{site}/api/users', json=form, timeout=30).status_code == 201
    login = form['username'], form['password']
    found: str = requests.post(f'{site}/api/tokens', auth=login, timeout=30).json()['token']
    return found


def upload(token: str, length: int | None, path: str = '/api/me/avatar') -> bytes:
    """The beginning of a request that uploads a picture."""
    size = 'Transfer-Encoding: chunked' if length is None else f'Content-Length: {length}'
    return (
        f'PUT {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n'
        f'Content-Type: image/png\r\n{size}\r\n\r\n'
    ).encode()


def large_picture() -> bytes:
    """Several MB of which every byte matters."""
    return encoded(Image.effect_noise((1500, 1500), 100).convert('RGB'), 'PNG')


def answer(client: socket.socket) -> bytes:
    data = b''
    while b'\r\n\r\n' not in data:
        piece = client.recv(1000)
        assert piece, data
        data += piece
    return data


@pytest.mark.parametrize('is_chunked', [False, True])
def test_a_picture_may_take_its_time(port: int, token: str, is_chunked: bool) -> None:
    """Longer than any other request may be, and in pieces; the connection goes on after it."""
    picture = large_picture()
    assert len(picture) > 2_000_000
    half = len(picture) // 2
    with connect(port) as client:
        client.sendall(upload(token, None if is_chunked else len(picture)))
        for piece in (picture[:half], picture[half:]):
            sleep(0.5)
            client.sendall(b'%x\r\n%b\r\n' % (len(piece), piece) if is_chunked else piece)
        if is_chunked:
            client.sendall(b'0\r\n\r\n')
        assert b' 200 OK' in answer(client)


@pytest.mark.parametrize(
    ('path', 'length'), [('/api/posts', 200_000), ('/api/me/avatar', 20_000_000)]
)
def test_what_is_too_long_is_not_waited_for(port: int, token: str, path: str, length: int) -> None:
    with connect(port) as client:
        client.settimeout(5)
        client.sendall(upload(token, length, path).replace(b'PUT /api/posts', b'POST /api/posts'))
        assert b' 413 ' in answer(client)


def test_pictures_leave_a_worker_as_small_as_it_was(tmp_path: Path) -> None:
    """As many bytes as a request may have, and a file that takes as much memory as one may."""
    port = free_port()
    settings = environment(tmp_path, PORT=str(port), WEB_CONCURRENCY='1')
    flask_db_upgrade(settings)
    heavy = a_file().ljust(images.MOST_BYTES, b'x')
    large = encoded(Image.new('RGBA', (8160, 6120)), 'PNG')
    gunicorn = [sys.executable, '-m', 'gunicorn', 'microblog:app']
    with running(gunicorn, tmp_path / 'log', settings) as process:
        wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the server')
        visitor = Visitor(f'http://127.0.0.1:{port}')
        visitor.register('painter')

        def send(*files: bytes) -> str:
            token = visitor.token()
            form = form_with(
                csrf_token=token, post='Look!', pictures=[(data, 'x.png') for data in files]
            )
            return visitor.ask('/', form['data'], Content_Type=form['content_type']).text

        live = 'Your post is now live!'
        assert live in send(a_file())
        [worker] = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
        before, most_before = memory(worker, 'VmRSS'), memory(worker, 'VmHWM')
        assert live in send(*[heavy] * 4)
        assert live in send(large)
        assert live not in send(*[heavy[-images.MOST_BYTES + 1 :]] * 4)
        for _each in range(5):
            visitor.get('/')
        assert memory(worker, 'VmRSS') < 1.2 * before
        assert memory(worker, 'VmHWM') < 1.05 * most_before


def memory(process: str, kind: str) -> int:
    """What a process has now (VmRSS), or has had at most (VmHWM), in kB."""
    lines = Path(f'/proc/{process}/status').read_text().splitlines()
    [line] = [line for line in lines if line.startswith(kind)]
    return int(line.split()[1])
