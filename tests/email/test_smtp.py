"""Mails as they arrive at a real mail server, those with large files as well."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app import db
from app.email import send_email
from app.email.smtp import MailWithFiles, Pieces
from tests.mailbox import Mailbox, running_mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def app(make_app: Callable[..., Flask], mailbox: Mailbox) -> Iterator[Flask]:
    app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False)
    with app.app_context():
        yield app
        db.session.remove()


FILES = [
    b'',
    b'.',
    b'\n.\n..\r\n.\r\n',
    bytes(range(256)),
    b'x' * 56,
    b'x' * 57,
    b'x' * 58,
    b'.\r\n' * 100_000,
]


@pytest.mark.parametrize('files', [[file] for file in FILES] + [FILES], ids=lambda f: str(len(f)))
def test_files_arrive_as_they_were(app: Flask, mailbox: Mailbox, files: list[bytes]) -> None:
    attachments = [
        (f'file{n}.bin', 'application/octet-stream', file) for n, file in enumerate(files)
    ]
    text, html = 'one\n.\n..two é\n', '<p>\n.hello</p>'
    send_email('Subject é', 'a@example.com', ['b@example.com'], text, html, attachments, sync=True)
    [mail] = mailbox.wait_for(1)
    assert mail['Subject'] == 'Subject é'
    for kind, expected in (('plain', text), ('html', html)):
        part = mail.get_body((kind,))
        assert part is not None
        assert part.get_content().replace('\r\n', '\n').strip() == expected.strip()
    arrived = list(mail.iter_attachments())
    assert [part.get_content() for part in arrived] == files
    assert [part.get_filename() for part in arrived] == [name for name, _, _ in attachments]


def test_the_size_is_known_beforehand(app: Flask) -> None:
    message = MailWithFiles('Subject', sender='a@example.com', recipients=['b@example.com'])
    message.body, message.html = '.text', '<p>.html</p>'
    for number, file in enumerate(FILES):
        message.attach(f'{number}.bin', 'application/octet-stream', file)
    pieces = Pieces(message)
    assert len(pieces) == len(b''.join(pieces))


def test_without_files_nothing_is_special(app: Flask) -> None:
    message = MailWithFiles('Subject', sender='a@example.com', recipients=['b@example.com'])
    message.body = 'text'
    assert isinstance(message.as_bytes(), bytes)
