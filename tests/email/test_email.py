"""Sending mail, and mail servers that do not want to (chapter 10)."""

import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from flask import Flask

from app.background import in_background
from app.email import send_email, smtp, to_ascii
from app.extensions import mail as mail_extension
from app.logs.error_mail import AdminMailHandler
from tests.auth.conftest import wait_for_threads
from tests.mailbox import running_mailbox
from tests.threads import wait_for_error_mails

LETTER = {
    'subject': 'Grüße',
    'sender': 'admin@example.com',
    'recipients': ['susan@example.com', 'john@example.com'],
    'text_body': 'text',
    'html_body': '<p>html</p>',
}


@contextmanager
def answering(*answers: bytes | None) -> Iterator[int]:
    """A mail server that says `answers`, one a line it hears, and hangs up; at None it hangs."""
    listener = socket.create_server(('127.0.0.1', 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in answers:
                if answer is None:
                    over.wait()
                    return
                connection.sendall(answer)
                connection.recv(10_000)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listener.close()


FILES = [
    b'',
    b'.',
    b'\n.\n..\r\n.\r\n',
    bytes(range(256)),
    b'.\r\n' * 100_000,
]


def test_texts_and_files_arrive_as_they_were(make_app: Callable[..., Flask]) -> None:
    attachments = [(f'{n}.bin', 'application/octet-stream', file) for n, file in enumerate(FILES)]
    text, html = 'one\n.\n..two é\n', '<p>\n.hello</p>'
    with running_mailbox() as mailbox:
        settings = {'MAIL_SERVER': '127.0.0.1', 'MAIL_PORT': mailbox.port}
        with make_app(**settings, MAIL_SUPPRESS_SEND=False).app_context():
            send_email('é', 'a@example.com', ['b@example.com'], text, html, attachments, sync=True)
        [mail] = mailbox.mails
    for kind, expected in (('plain', text), ('html', html)):
        part = mail.get_body((kind,))
        assert part is not None
        assert part.get_content().replace('\r\n', '\n').strip() == expected.strip()
    arrived = list(mail.iter_attachments())
    assert [part.get_content() for part in arrived] == FILES
    assert [part.get_filename() for part in arrived] == [name for name, _, _ in attachments]


def test_a_mail_with_everything(make_app: Callable[..., Flask]) -> None:
    with running_mailbox() as mailbox:
        settings = {'MAIL_SERVER': '127.0.0.1', 'MAIL_PORT': mailbox.port}
        with make_app(**settings, MAIL_SUPPRESS_SEND=False).app_context():
            attachment = ('posts.json', 'application/json', '{"posts": ["é"]}')
            send_email(**LETTER, attachments=[attachment], sync=True)  # type: ignore[arg-type]
        [mail] = mailbox.mails
    assert mail['Subject'] == 'Grüße'
    assert sorted(mail['To'].split(', ')) == ['john@example.com', 'susan@example.com']
    [part] = mail.iter_attachments()
    assert part.get_filename() == 'posts.json'
    assert part.get_content_type() == 'application/json'
    assert part.get_payload(decode=True) == '{"posts": ["é"]}'.encode()
    html = mail.get_body(('html',))
    assert html is not None
    assert html.get_content().strip() == '<p>html</p>'


def test_without_a_server_the_log_gets_it(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send_email(**LETTER)  # type: ignore[arg-type]
    wait_for_threads()
    for text in ('Grüße', 'susan@example.com', 'text', '<p>html</p>'):
        assert text in caplog.text


@pytest.mark.parametrize(
    'answers',
    [
        (b'554 go away\r\n',),
        (b'garbage\r\n',),
        (None,),
        (b'220 hello\r\n', b'250 ok\r\n', b'250 ok\r\n', b'550 nobody here\r\n', b'550 no\r\n'),
        (b'220 hello\r\n', b'250 ok\r\n', b'250 ok\r\n', b'250 ok\r\n'),
    ],
    ids=['refuses', 'talks garbage', 'hangs', 'knows nobody', 'dies half-way'],
)
def test_a_failure_is_logged_and_soon(
    make_app: Callable[..., Flask],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[bytes | None, ...],
) -> None:
    monkeypatch.setattr(smtp, 'MAIL_TIMEOUT', 0.5)
    with answering(*answers) as port:
        settings = {'MAIL_SERVER': '127.0.0.1', 'MAIL_PORT': port, 'MAIL_SUPPRESS_SEND': False}
        with make_app(**settings).app_context():
            start = perf_counter()
            send_email(**LETTER)  # type: ignore[arg-type]
            assert perf_counter() - start < 0.4
            wait_for_threads()
            assert perf_counter() - start < 3
    assert 'The mail "Grüße" to' in caplog.text
    assert 'Traceback' in caplog.text


def test_a_mail_in_the_foreground_raises(make_app: Callable[..., Flask]) -> None:
    settings = {'MAIL_SERVER': '127.0.0.1', 'MAIL_PORT': 1, 'MAIL_SUPPRESS_SEND': False}
    with make_app(**settings).app_context(), pytest.raises(ConnectionRefusedError):
        send_email(**LETTER, sync=True)  # type: ignore[arg-type]


def test_a_job_that_fails_is_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def send_nothing(cause: str) -> None:
        raise RuntimeError(cause)

    in_background(send_nothing, 'the cause').join()
    assert 'send_nothing failed in the background' in caplog.text
    assert 'RuntimeError: the cause' in caplog.text


@pytest.fixture(scope='module')
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate that nobody but its owner has signed, and its key."""
    folder = tmp_path_factory.mktemp('tls')
    paths = str(folder / 'cert.pem'), str(folder / 'key.pem')
    command = [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=mail.example',
    ]
    subprocess.run(
        [*command, '-out', paths[0], '-keyout', paths[1]], check=True, capture_output=True
    )
    return paths


@pytest.mark.parametrize('mode', ['MAIL_USE_SSL', 'MAIL_USE_TLS'])
@pytest.mark.parametrize('is_near', [True, False], ids=['loopback', 'elsewhere'])
def test_tls(
    make_app: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[str, str],
    mode: str,
    is_near: bool,
) -> None:
    """On this machine any certificate will do; others must prove who they are."""
    if not is_near:
        monkeypatch.setattr(smtp, 'LOOPBACK', set())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    option = 'ssl_context' if mode == 'MAIL_USE_SSL' else 'tls_context'
    with running_mailbox(**{option: context}) as mailbox:
        app = make_app(
            MAIL_SERVER='127.0.0.1',
            MAIL_PORT=mailbox.port,
            MAIL_SUPPRESS_SEND=False,
            **{mode: True},
        )
        with app.app_context():
            if is_near:
                send_email(**LETTER, sync=True)  # type: ignore[arg-type]
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    send_email(**LETTER, sync=True)  # type: ignore[arg-type]
            record = logging.LogRecord('app', logging.ERROR, 'x.py', 1, 'Failed', (), None)
            AdminMailHandler(app).handle(record)
            wait_for_error_mails()
    subjects = [mail['Subject'] for mail in mailbox.mails]
    assert subjects == (['Grüße', 'Microblog Failure'] if is_near else [])


def test_whoever_listens_hears_of_a_mail_for_the_log(app: Flask) -> None:
    with mail_extension.record_messages() as outbox:
        send_email(**LETTER, attachments=None, sync=True)  # type: ignore[arg-type]
    assert [message.subject for message in outbox] == ['Grüße']


@pytest.mark.parametrize(
    ('address', 'known_as'),
    [
        ('x@faß.de', 'x@xn--fa-hia.de'),
        ('x@bücher.de', 'x@xn--bcher-kva.de'),
        ('x@XN--BCHER-KVA.de', 'x@xn--bcher-kva.de'),
        ('susan@example.com', 'susan@example.com'),
        ('root@localhost', 'root@localhost'),
        ('x@a_b.example', 'x@a_b.example'),
    ],
)
def test_domains_in_every_script(address: str, known_as: str) -> None:
    assert to_ascii(address) == known_as
