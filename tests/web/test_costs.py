"""No request, whatever is in it, keeps the process busy for much longer than a page does.

What people and programs send is cut or refused by its length before anything is done to it.
"""

import hashlib
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextvars import Context
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import db
from app.models import User
from tests.conftest import MakeUser, session_of

pytestmark = pytest.mark.slow

MOST = 10  # times what the login page costs
TRIES = 5
SIZE = 62_000  # bytes

# What takes long to normalize, to fold, to split, to match, to sort or to count.
TEXTS = {
    'accents': 'a' + '\u0315\u0300\u0323' * SIZE,
    'ligatures': '\ufdfa' * SIZE,  # each is 18 letters in another form
    'letters': 'a' * SIZE,
    'digits': '9' * SIZE,
    'spaces': ' ' * SIZE,
    'line breaks': '\r\n' * SIZE,
    'address': 'a@' + 'b.' * SIZE,
    'phrases': '-"a b" ' * SIZE,
    'brackets': '[' * SIZE,
    'links': 'http://' * SIZE,
    'list': 'a,' * SIZE,
    'pairs': 'a=' * SIZE,
}
HEADERS = [
    *[
        (name, '')
        for name in (
            'Accept',
            'Accept-Encoding',
            'Accept-Language',
            'Content-Type',
            'Content-Length',
            'Cookie',
            'Host',
            'If-Match',
            'If-None-Match',
            'If-Modified-Since',
            'Origin',
            'Range',
            'Referer',
            'Sec-Purpose',
            'User-Agent',
            'X-Forwarded-For',
            'X-Request-ID',
            'X-Requested-With',
            'Authorization',
        )
    ],
    ('Authorization', 'Basic '),
    ('Authorization', 'Bearer '),
    ('Cookie', 'session='),
    ('Cookie', 'remember_token=1|'),
    ('Cookie', 'language='),
]
# Of forms that stand on no page of their own.
FIELDS = {
    'main.set_language': {'language', 'next'},
    'main.translate_text': {'text', 'source_language', 'dest_language'},
    'main.delete_message': {'next'},
    'main.dismiss_task': {'next'},
}
# What pages and programs read of the query of an address, and something else.
QUERY = ['q', 'page', 'per_page', 'before', 'after', 'since', 'order', 'kind', 'next', 'x']
READERS = {
    'auth.login': ['next'],
    'main.explore': ['page', 'before', 'after'],
    'main.search': ['q', 'page', 'order', 'kind'],
    'main.notifications': ['since'],
    'api.get_posts': ['page', 'per_page', 'before'],
    'api.search': ['q', 'order'],
    'api.get_notifications': ['since'],
}


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing a password is meant to take its time, and would hide what else does."""

    def quick(password: bytes, *, salt: bytes, **_settings: Any) -> bytes:
        return hashlib.sha256(salt + password).digest()

    monkeypatch.setattr(hashlib, 'scrypt', quick)


class Costs:
    """Compares the CPU time of requests with that of the login page."""

    def __init__(self, app: Flask, cookie: str, token: str) -> None:
        self.app = app
        self.person = {'Cookie': cookie, 'Authorization': f'Bearer {token}'}
        self.rules = [r for r in app.url_map.iter_rules() if not r.endpoint.endswith('static')]
        self.too_dear: list[str] = []
        self.login = EnvironBuilder('/auth/login').get_environ()
        for _ in range(3):
            self._cost(self.login)
        self.page = min(self._cost(self.login) for _ in range(20))

    def _cost(self, environ: dict[str, Any]) -> float:
        body = BytesIO(environ['wsgi.input'].read())
        environ['wsgi.input'].seek(0)
        start = time.process_time()
        answer = Context().run(run_wsgi_app, self.app, {**environ, 'wsgi.input': body}, True)
        cost = time.process_time() - start
        self.status = int(answer[1].split()[0])
        return cost

    def check(self, what: str, path: str = '/', **request: Any) -> None:
        """Note whether a request is too dear, or fails.

        It is tried several times, each beside a login page: the machine has other things to do,
        which make the same work cost more at one time than at another.
        """
        environ = EnvironBuilder(path, **request).get_environ()
        ratio = self._cost(environ) / self.page
        for _ in range(TRIES):
            if ratio <= MOST or self.status >= 500:
                break
            page = max(self.page, self._cost(self.login))
            ratio = min(ratio, self._cost(environ) / page)
        if ratio > MOST or self.status >= 500:
            self.too_dear.append(f'{what}: {self.status}, {ratio:.0f} login pages')

    def changes(self, api: bool) -> Iterator[tuple[Rule, str]]:
        """Yield all that pages, or programs, can change."""
        for rule in self.rules:
            for method in sorted({'POST', 'PUT', 'DELETE'} & (rule.methods or set())):
                if rule.endpoint.startswith('api.') == api:
                    yield rule, method


@pytest.fixture
def costs_with(make_app: Callable[..., Flask], make_user: MakeUser) -> Callable[..., Costs]:
    """Make costs of an application with other settings."""
    make_user('john')
    user = make_user('susan', 'a good one')
    token = user.get_token()
    db.session.commit()
    return lambda **settings: measured(make_app(**settings), user, token)


@pytest.fixture
def costs(costs_with: Callable[..., Costs]) -> Costs:
    return costs_with()


def measured(app: Flask, user: User, token: str) -> Costs:
    client = app.test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(user)
        session['_fresh'] = True
    cookie = client.get_cookie('session')
    assert cookie is not None
    return Costs(app, f'session={cookie.value}', token)


def path_of(rule: Rule, argument: str = 'john') -> str:
    return re.sub('<.*?>', '1' if 'int:' in rule.rule else argument, rule.rule)


def beginning(text: str, size: int = SIZE) -> str:
    """Return the beginning of `text` that is `size` bytes long."""
    return text.encode()[:size].decode(errors='ignore')


@pytest.mark.parametrize('text', TEXTS)
def test_forms(costs: Costs, text: str) -> None:
    client = costs.app.test_client()
    for rule, method in costs.changes(api=False):
        path = path_of(rule)
        for headers in (costs.person, {}):
            page = client.get(path, headers=headers).text
            names = FIELDS.get(rule.endpoint, set()) | set(re.findall(r'name="(\w+)"', page))
            for name in sorted(names | {'csrf_token'}):
                costs.check(
                    f'{method} {path} {name}',
                    path,
                    method=method,
                    headers=headers,
                    data={**dict.fromkeys(names, 'x'), name: beginning(TEXTS[text])},
                    content_type='multipart/form-data',
                )
    assert not '\n'.join(costs.too_dear)


@pytest.mark.parametrize('text', TEXTS)
def test_bodies_of_programs(costs: Costs, text: str) -> None:
    document = costs.app.test_client().get('/api/openapi.json').get_json()
    for rule, method in costs.changes(api=True):
        path = re.sub('<int:(.*?)>', r'{\1}', rule.rule)
        content = document['paths'][path][method.lower()].get('requestBody', {}).get('content', {})
        is_json = 'application/json' in content
        schema = content['application/json']['schema']['$ref'].rpartition('/')[2] if is_json else ''
        names = document['components']['schemas'].get(schema, {'properties': ['x']})['properties']
        for name in names:
            body = {**dict.fromkeys(names, 'x'), name: beginning(TEXTS[text], 30_000)}
            costs.check(
                f'{method} {path} {name}',
                path_of(rule),
                method=method,
                headers=costs.person,
                data=json.dumps(body, ensure_ascii=False).encode(),
                content_type='application/json',
            )
    assert not '\n'.join(costs.too_dear)


@pytest.mark.parametrize('text', TEXTS)
def test_addresses(costs: Costs, text: str) -> None:
    typed = quote(TEXTS[text][:12], safe='')
    typed *= SIZE // len(typed)
    for rule in costs.rules:
        method = 'GET' if 'GET' in (rule.methods or ()) else 'POST'
        for headers in (costs.person, {}):
            for size in (20_000, SIZE):
                path = re.sub('<.*?>', typed[:size], rule.rule)
                costs.check(f'{method} {path[:50]}', path, method=method, headers=headers)
            path = path_of(rule)
            query = '&'.join(f'{name}={typed[:300]}' for name in QUERY)
            costs.check(f'{path}?...', path, query_string=query, headers=headers)
            for name in READERS.get(rule.endpoint, []):
                for size in (20_000, SIZE):
                    query = f'q=x&{name}={typed[:size]}'
                    costs.check(f'{path}?{name}=', path, query_string=query, headers=headers)
    assert not '\n'.join(costs.too_dear)


@pytest.mark.parametrize('settings', [{'RATELIMIT_ENABLED': True}, {'WTF_CSRF_ENABLED': True}])
def test_what_is_counted_or_proved(
    costs_with: Callable[..., Costs], settings: dict[str, Any]
) -> None:
    costs = costs_with(**settings)
    fields = {
        '/auth/login': ['username', 'password', 'csrf_token'],
        '/auth/reset_password_request': ['email', 'csrf_token'],
    }
    for number, text in enumerate(map(beginning, TEXTS.values())):
        environ_base = {'REMOTE_ADDR': f'10.0.0.{number}'}
        for path, names in fields.items():
            data = {**dict.fromkeys(names, text), 'csrf_token': text}
            costs.check(path, path, method='POST', data=data, environ_base=environ_base)
        shown = {'Authorization': 'Basic ' + b64encode(f'{text}:x'.encode()[:7_000]).decode()}
        path = '/api/tokens'
        costs.check(path, path, method='POST', headers=shown, environ_base=environ_base)
    assert not '\n'.join(costs.too_dear)


def test_queries_of_many_arguments(costs: Costs) -> None:
    for rule in costs.rules:
        for headers in (costs.person, {}):
            for query in ('q=x&' + 'a=&' * 20_000, 'q=x&' + '&' * SIZE):
                costs.check(str(rule), path_of(rule), query_string=query, headers=headers)
    assert not '\n'.join(costs.too_dear)


@pytest.mark.parametrize('text', TEXTS)
def test_headers(costs: Costs, text: str) -> None:
    value = beginning(TEXTS[text].replace('\r\n', '\t'), 10_000).encode().decode('latin-1')
    for path in ('/', '/auth/login', '/user/john', '/nowhere', '/search?q=x', '/api/users/1'):
        for header, start in HEADERS:
            headers = {**costs.person, header: start + value}
            costs.check(f'{path} {header}: {start}', path, headers=headers)
    assert not '\n'.join(costs.too_dear)


# What is of many parts, or nested deeply.
BODIES = {
    'fields': ('a=&' * 21_000, 'application/x-www-form-urlencoded'),
    'ten thousand fields': (
        '&'.join(f'a{n}=' for n in range(10_000)),
        'application/x-www-form-urlencoded',
    ),
    'escaped': ('a=' + '%CC%80' * 10_000, 'application/x-www-form-urlencoded'),
    'parts': (
        '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1_200 + '--x--\r\n',
        'multipart/form-data; boundary=x',
    ),
    'files': (
        '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n' * 950
        + '--x--\r\n',
        'multipart/form-data; boundary=x',
    ),
    'headers of a part': (
        '--x\r\n' + 'A: b\r\n' * 10_000 + '\r\n\r\n--x--\r\n',
        'multipart/form-data; boundary=x',
    ),
    'no boundary': ('-' * SIZE, 'multipart/form-data; boundary=x'),
    'deep list': ('[' * SIZE, 'application/json'),
    'closed list': ('[' * 30_000 + ']' * 30_000, 'application/json'),
    'deep object': ('{"a":' * 10_000 + '1' + '}' * 10_000, 'application/json'),
    'deep value': ('{"body":' + '[' * 900 + ']' * 900 + '}', 'application/json'),
    'keys': (
        '{' + ','.join(f'"a{n}":1' for n in range(6_000)) + '}',
        'application/json',
    ),
    'numbers': ('{"body":[' + '1,' * 30_000 + '1]}', 'application/json'),
    'number': ('{"body":' + '9' * SIZE + '}', 'application/json'),
    'power': ('{"body":1e' + '9' * SIZE + '}', 'application/json'),
    'not closed': ('{"body":"' + '\\"' * 30_000, 'application/json'),
}


@pytest.mark.parametrize('body', BODIES)
def test_many_parts(costs: Costs, body: str) -> None:
    data, content_type = BODIES[body]
    for api in (True, False):
        for rule, method in costs.changes(api):
            for headers in (costs.person, {}):
                costs.check(
                    f'{method} {rule}',
                    path_of(rule),
                    method=method,
                    headers=headers,
                    data=data,
                    content_type=content_type,
                )
    assert not '\n'.join(costs.too_dear)
