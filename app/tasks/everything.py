"""All that there is about an account, as a ZIP file: JSON, pictures, and pages to read it with."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import render_template
from flask_babel import lazy_gettext as _l

from app.media.images import AVATARS, file_name
from app.models import User
from app.tasks.archive import ACCOUNT, BATCH, Entry, archive, batches
from app.tasks.zipped import Member, pictures, zip_of

# In the order of the page that leads to them.
TITLES = {
    'profile': _l('Profile'),
    'posts': _l('Posts'),
    'likes': _l('Likes'),
    'reposts': _l('Reposts'),
    'bookmarks': _l('Bookmarks'),
    'messages_sent': _l('Messages sent'),
    'messages_received': _l('Messages received'),
    'following': _l('Following'),
    'followers': _l('Followers'),
    'activity': _l('Activity'),
    'devices': _l('Devices'),
    'history': _l('History'),
    'passkeys': _l('Passkeys'),
    'tokens': _l('API tokens'),
    'invitations': _l('Invitations'),
}


LABELS = {
    'timestamp': _l('When'),
    'username': _l('Who'),
    'edited': _l('Changed'),
    'in_reply_to': _l('In answer to'),
    'id': _l('Number'),
    'post_id': _l('Post'),
    'email': _l('Email'),
    'about_me': _l('About me'),
    'language': _l('Language'),
    'last_seen': _l('Last seen'),
    'kind': _l('Kind'),
    'what': _l('What'),
    'browser': _l('Browser'),
    'address': _l('Network address'),
    'created': _l('Begun'),
    'last_used': _l('Last used'),
    'expiration': _l('End'),
    'scopes': _l('Scope'),
    'name': _l('Name'),
}


class Pages(NamedTuple):
    """A list of the file, and of how many pages it is."""

    name: str
    title: Any
    pages: int


def everything(user: User) -> Iterator[bytes]:
    """Give the ZIP file in pieces: no transaction is open between two. In the page's language.

    Raises StorageUnavailableError.
    """
    return zip_of(_members(user.id, user.username, user.avatar_digest))


def follows_csv(user_id: int) -> Iterator[str]:
    """Give the names of those whom an account follows, as the page that imports them takes them."""
    yield 'username\r\n'
    for entries in batches('following', user_id):
        lines = io.StringIO()
        csv.writer(lines).writerows([_as_text(entry['username'])] for entry in entries)
        yield lines.getvalue()


def _as_text(name: str) -> str:
    """Return a name such as no spreadsheet takes for a formula; no name has a ' of its own."""
    return f"'{name}" if name.startswith(('=', '+', '-', '@')) else name


def _members(user_id: int, username: str, avatar_digest: str | None) -> Iterator[Member]:
    yield 'posts.json', (piece.text for piece in archive(user_id))
    yield 'account.json', (piece.text for piece in archive(user_id, ACCOUNT))
    yield 'following.csv', follows_csv(user_id)
    yield from pictures(user_id)
    if avatar_digest is not None:
        yield 'pictures/profile.webp', file_name(avatar_digest, max(AVATARS))
    found = []
    for name, title in TITLES.items():
        count = 0
        for count, entries in enumerate(batches(name, user_id), 1):
            yield _page_name(name, count), [_page(name, count, title, entries)]
        found.append(Pages(name, title, count))
    index = render_template('archive/index.html', username=username, lists=found)
    yield 'index.html', [index]
    yield 'pages/style.css', [render_template('archive/style.css')]


def _page_name(name: str, number: int) -> str:
    return f'pages/{name}-{number}.html'


def _page(name: str, number: int, title: Any, entries: list[Entry]) -> str:
    return render_template(
        'archive/page.html',
        name=name,
        number=number,
        title=title,
        entries=entries,
        is_full=len(entries) == BATCH,
        labels=LABELS,
    )
