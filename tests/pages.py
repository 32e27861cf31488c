"""What tests ask of a page that came back."""

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def flashes(response: TestResponse) -> list[str]:
    """The flashed messages that the page shows."""
    return [unescape(m) for m in re.findall(r'role="alert"><bdi>(.*?)</bdi>', response.text)]


def errors(response: TestResponse, field: str) -> list[str]:
    """The errors that the page shows at a field."""
    block = re.search(rf'id="{field}-errors">(.*?)</div>\s*</div>', response.text + '</div>', re.S)
    if block is None:
        return []
    return [unescape(m) for m in re.findall(r'<div>(.*?)(?:</div>|$)', block[1] + '</div>', re.S)]


def title(response: TestResponse) -> str:
    match = re.search(r'<title>(.*?)</title>', response.text, re.S)
    assert match is not None
    return unescape(match[1])


def heading(response: TestResponse) -> str:
    match = re.search(r'<h1>(.*?)</h1>', response.text, re.S)
    assert match is not None
    return unescape(match[1])


def bodies(response: TestResponse) -> list[str]:
    """The posts on the page, from top to bottom, as a person reads them."""
    found = re.findall(r'<span id="post\d+">(.*?)</span>', response.text, re.S)
    return [unescape(re.sub(r'<[^>]*>', '', body)) for body in found]


def link(response: TestResponse, text: str) -> str | None:
    """The address behind a link of the pager, None when it is shown as leading nowhere."""
    for address, content in re.findall(
        r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', response.text, re.S
    ):
        if text in content:
            return unescape(address)
    assert text in response.text
    return None


def people(response: TestResponse) -> list[str]:
    """The people in the list on the page, from top to bottom."""
    found = re.search(r'<ul class="people">.*?</ul>', response.text, re.S)
    names = re.findall(r'<a class="author" [^>]*>(.*?)</a>', found[0] if found else '')
    return [unescape(re.sub(r'<[^>]*>', '', name)) for name in names]


def tabs(response: TestResponse) -> list[str]:
    """The pages beside this one, as a person reads them; a star is before the one at hand."""
    block = re.search(r'<nav class="switch".*?</nav>', response.text, re.S)
    assert block is not None
    found = re.findall(r'<a ([^>]*)>(.*?)</a>', block[0], re.S)
    return [
        '*' * ('aria-current="page"' in attributes) + re.sub(r'<[^>]*>', '', label)
        for attributes, label in found
    ]


def csrf_token(client: FlaskClient, path: str) -> str:
    """The CSRF token of a form on the page at `path`."""
    match = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', client.get(path).text)
    assert match is not None
    return match[1]
