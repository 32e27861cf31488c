"""A person who uses a site from outside, by its address alone: with cookies and without a browser.

    python -m tests.deployment.visitor http://127.0.0.1:5000

tells the core story there: two people register, write, follow and read.
"""

import json
import re
import ssl
import sys
from base64 import b64encode
from dataclasses import dataclass
from gzip import decompress
from html import unescape
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from itertools import chain
from pathlib import Path
from secrets import token_hex
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from PIL import Image

from tests.pictures import encoded

TIMEOUT = 20  # seconds
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
DEMO = Path(__file__).parents[2] / 'app/cli/demo/community.json'
PASSWORD = 'correct horse battery'


@dataclass
class Answer:
    status: int
    url: str
    headers: HTTPMessage
    text: str
    size: int  # bytes that came, maybe compressed


class Visitor:
    def __init__(self, site: str) -> None:
        self.site = site
        # The certificate of a test server is signed by itself.
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE
        self.cookies = CookieJar()
        self._opener = build_opener(
            HTTPSHandler(context=self.tls), HTTPCookieProcessor(self.cookies)
        )

    def ask(
        self, path: str, data: bytes | None = None, method: str | None = None, **headers: str
    ) -> Answer:
        """Send a request, follow redirects, and return the answer, whatever it is."""
        names = {name.replace('_', '-'): value for name, value in headers.items()}
        request = Request(self.site + path, data, names, method=method)
        try:
            response = self._opener.open(request, timeout=TIMEOUT)
        except HTTPError as error:
            response = error
        with response:
            body = response.read()
            is_small = response.headers['Content-Encoding'] == 'gzip'
            text = (decompress(body) if is_small else body).decode('utf-8', 'replace')
            return Answer(response.status, response.url, response.headers, text, len(body))

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask(path, None, **headers)

    def submit(self, path: str, page: str | None = None, **fields: str) -> Answer:
        """Fill in a form as a browser would: with the token of the page that it is on."""
        token = self.token(page or path)
        if token is not None:
            fields['csrf_token'] = token
        return self.ask(path, urlencode(fields).encode())

    def token(self, page: str = '/') -> str | None:
        """Return what a form on that page has to be sent with."""
        found = TOKEN.search(self.get(page).text)
        return found and unescape(found[1])

    def register(self, username: str) -> None:
        answer = self.submit(
            '/auth/register',
            username=username,
            email=f'{username}@example.com',
            password=PASSWORD,
            password2=PASSWORD,
        )
        assert answer.url == f'{self.site}/auth/login', answer
        answer = self.submit('/auth/login', username=username, password=PASSWORD)
        assert answer.url == f'{self.site}/index', answer

    def post(self, text: str) -> Answer:
        return self.submit('/index', post=text)


def core_story(site: str) -> tuple[Visitor, Visitor]:
    """Let two people meet, and return them, logged in."""
    mark = token_hex(4)
    susan, john = Visitor(site), Visitor(site)
    susan.register(f'susan-{mark}')
    john.register(f'john-{mark}')
    answer = susan.post(f'Beautiful day in Portland! 🌞 {mark}')
    assert 'Your post is now live!' in answer.text, answer
    answer = john.submit(f'/follow/susan-{mark}', page=f'/user/susan-{mark}')
    assert f'You are following susan-{mark}!' in answer.text, answer
    assert f'Portland! 🌞 {mark}' in john.get('/index').text
    assert f'Portland! 🌞 {mark}' in john.get('/explore').text
    return susan, john


# (As tokens.make_token makes them, which tests/test_logs.py compares.)
SECRET = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyZXNldF9wYXNzd29yZCI6MX0.x-y_z0123456789'


def assert_secrets_are_left_out(site: str, *logs: Path) -> None:
    """Visit links with a secret, and see that the logs tell of the visits and of no secret."""
    visitor = Visitor(site)
    mark = token_hex(4)
    for path in ('reset_password/', 'confirm_email/', 'login?next=%2Fauth%2Fconfirm_email%2F'):
        visitor.get(f'/auth/{path}{SECRET}?{mark}', Referer=f'{site}/auth/{path}{SECRET}')
    visitor.get(f'/auth/login?{mark}-last', User_Agent='last')
    for log in logs:
        end = monotonic() + TIMEOUT
        while f'{mark}-last' not in log.read_text():
            assert monotonic() < end, f'no visit in {log}'
            sleep(0.1)
        text = log.read_text()
        assert '/auth/reset_password/[secret]' in text
        assert '/auth/confirm_email/[secret]' in text
        assert SECRET[3:10] not in text


SMALL = 'gzip'  # what every browser can read
STATIC_FILE = re.compile(r'(?:href|src)="(/[^"]+\.(?:css|js|ico|svg))')


def assert_pictures_come_and_go(site: str) -> None:
    """Upload a picture of several MB, by way of whatever stands in front, which then serves it."""
    visitor = Visitor(site)
    name = f'painter-{token_hex(4)}'
    visitor.register(name)
    secret = b64encode(f'{name}:{PASSWORD}'.encode()).decode()
    tokens = visitor.ask('/api/tokens', b'', Authorization=f'Basic {secret}')
    headers: Any = {'Authorization': f'Bearer {json.loads(tokens.text)["token"]}'}
    picture = encoded(Image.effect_noise((1500, 1500), 100).convert('RGB'), 'PNG')
    large: Any = {**headers, 'Content_Type': 'image/png'}
    assert visitor.ask('/api/posts', picture, **large).status == 413
    assert visitor.ask('/api/media', picture, **large).status == 201
    answer = visitor.ask('/api/me/avatar', picture, method='PUT', **large)
    assert answer.status == 200
    address = json.loads(answer.text)['_links']['avatar']
    shown = visitor.get(address)
    assert (shown.status, shown.headers['Content-Type']) == (200, 'image/webp')
    assert shown.headers['Cache-Control'] == 'public, max-age=31536000, immutable'
    assert shown.headers['X-Content-Type-Options'] == 'nosniff'
    assert shown.headers['Content-Security-Policy'].startswith("default-src 'none'")
    # As nginx says it of a file, and the application does not.
    assert shown.headers['Last-Modified']
    assert visitor.ask('/api/me/avatar', method='DELETE', **headers).status == 204
    end = monotonic() + 10
    while visitor.get(address).status != 404:
        assert monotonic() < end
        sleep(0.1)


def assert_little_is_fetched(site: str) -> None:
    """Read a page of 25 posts again and again: it is small, and its length tells nothing."""
    reader = Visitor(site)
    reader.register(f'reader-{token_hex(4)}')
    conversations = json.loads(DEMO.read_text('utf-8'))['conversations']
    for _minutes, _author, _language, body, *_more in list(chain(*conversations))[:25]:
        reader.post(body)
    pages = [reader.get('/index', Accept_Encoding=SMALL) for _ in range(5)]
    assert {len(re.findall(r'id="post\d', page.text)) for page in pages} == {25}
    assert {page.headers['Content-Encoding'] for page in pages} == {SMALL}
    assert all('Accept-Encoding' in page.headers.get_all('Vary', []) for page in pages)
    assert len({token for page in pages for token in TOKEN.findall(page.text)}) == 5
    assert len({page.size for page in pages}) > 1
    page = max(page.size for page in pages)
    assert page <= 6_000

    poll = reader.get('/notifications', Accept_Encoding=SMALL)
    assert page + poll.size <= 8_000
    names = sorted(set(STATIC_FILE.findall(pages[0].text)))
    files = [reader.get(name, Accept_Encoding=SMALL) for name in names]
    assert all('immutable' in file.headers['Cache-Control'] for file in files)
    assert page + poll.size + sum(file.size for file in files) <= 60_000

    assert reader.get('/index').headers['Content-Encoding'] is None
    reference = reader.get('/api/openapi.json', Accept_Encoding=SMALL)
    assert reference.headers['Content-Encoding'] == SMALL


if __name__ == '__main__':
    core_story(sys.argv[1].rstrip('/'))
    sys.stdout.write('Two people have met.\n')
