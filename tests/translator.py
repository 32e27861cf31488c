"""A stand-in for Microsoft Translator v3 on loopback, which answers as the service documents it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = 'the key'
UNAUTHORIZED = {'error': {'code': 401000, 'message': 'The request is not authorized.'}}
TOO_MANY = {'error': {'code': 429001, 'message': 'The server rejected the request.'}}


@dataclass
class Translator:
    """What the service was asked, and how it is to answer: as it should, unless told otherwise."""

    url: str = ''
    requests: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None
    silent: bool = False
    endless: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def fail(self, status: int, body: object = None) -> None:
        self.answer = status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def running_translator() -> Iterator[Translator]:
    translator = Translator()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            address = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            translator.requests.append(
                {'path': address.path, **query, 'headers': dict(self.headers), 'body': body}
            )
            if translator.silent:
                translator.done.wait(30)
                return
            status, content = translator.answer or self._answer(query, body)
            self.send_response(status)
            self.send_header('Content-Type', 'application/json; charset=utf-8')
            if status in (301, 302, 307, 308):
                self.send_header('Location', translator.url + '/elsewhere')
            if not translator.endless:
                self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            while translator.endless and not translator.done.is_set():
                try:
                    self.wfile.write(b' ' * 4096)
                except OSError:
                    return

        def _answer(self, query: dict[str, str], body: list[dict[str, str]]) -> tuple[int, bytes]:
            if self.headers['Ocp-Apim-Subscription-Key'] != KEY:
                return 401, json.dumps(UNAUTHORIZED).encode()
            text = f'[{query["from"]}>{query["to"]}] {body[0]["Text"]}'
            answer = [{'translations': [{'text': text, 'to': query['to']}]}]
            return 200, json.dumps(answer).encode()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    translator.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    yield translator
    translator.done.set()
    server.shutdown()
    server.server_close()
    thread.join()
