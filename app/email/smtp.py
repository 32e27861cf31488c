"""The connection to the mail server: it gives up on a silent one, and sends files in pieces.

Flask-Mail waits forever, and holds an attachment in memory seven times over while it makes a mail
of it. Here it is held once: the rest of the mail is made around a mark, which gives way to the
file as it is sent.
"""

import re
import smtplib
import ssl
from base64 import b64encode, encodebytes
from collections.abc import Iterator
from secrets import token_bytes
from typing import Any

from flask_mail import Attachment, Connection, Message

LOOPBACK = {'localhost', '127.0.0.1', '::1'}
MAIL_TIMEOUT = 5  # seconds that we wait for each answer of the mail server
LINE = 57  # bytes that base64 puts into one line
GO_ON = 354  # the server's answer to the wish to send the text of a mail
CHUNK = LINE * 1024  # bytes sent at a time
MARK_SIZE = 33  # bytes: random enough, and one line without padding


class MailWithFiles(Message):
    """A mail whose attachments are turned into what is sent while it is sent."""

    def as_bytes(self) -> Any:
        """Return the whole mail, in pieces if it has attachments."""
        return Pieces(self) if self.attachments else super().as_bytes()


class Pieces:
    """A mail as it goes over the wire, piece by piece."""

    def __init__(self, message: Message) -> None:
        self.files = [_bytes(attachment.data) for attachment in message.attachments]
        self.texts = _around_files(message)

    def __len__(self) -> int:
        """Return the number of bytes, which servers want to know beforehand."""
        return sum(map(len, self.texts)) + sum(_encoded_length(file) for file in self.files)

    def __iter__(self) -> Iterator[bytes]:
        yield self.texts[0]
        for file, text in zip(self.files, self.texts[1:], strict=True):
            for start in range(0, len(file), CHUNK):
                yield encodebytes(file[start : start + CHUNK]).replace(b'\n', b'\r\n')
            yield text


def _bytes(data: bytes | bytearray | str) -> memoryview:
    return memoryview(data.encode() if isinstance(data, str) else data)


def _around_files(message: Message) -> list[bytes]:
    """Return what stands before, between and after the files of `message`."""
    files = message.attachments
    marks = [token_bytes(MARK_SIZE) for _ in files]
    message.attachments = [
        Attachment(file.filename, file.content_type, mark, file.disposition, file.headers)
        for file, mark in zip(files, marks, strict=True)
    ]
    try:
        rest = _for_the_wire(message._message().as_bytes())
    finally:
        message.attachments = files
    texts = []
    for mark in marks:
        text, _mark, rest = rest.partition(b64encode(mark) + b'\r\n')
        texts.append(text)
    return [*texts, rest]


def _for_the_wire(mail: bytes) -> bytes:
    """Return `mail` with the line ends of SMTP; a dot at the start of a line is doubled."""
    return re.sub(rb'(?m)^\.', b'..', re.sub(rb'\r?\n', b'\r\n', mail))


def _encoded_length(file: memoryview) -> int:
    lines = -(-len(file) // LINE)
    return -(-len(file) // 3) * 4 + lines * len(b'\r\n')


class SendsPieces(smtplib.SMTP):
    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the text of a mail as the standard class does, or its pieces one by one."""
        if not isinstance(msg, Pieces):
            return super().data(msg)
        self.putcmd('data')
        code, answer = self.getreply()
        if code != GO_ON:
            raise smtplib.SMTPDataError(code, answer)
        for piece in msg:
            self.send(piece)
        self.send(b'\r\n.\r\n')
        return self.getreply()


class SendsPiecesThroughTLS(SendsPieces, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte (MAIL_USE_SSL)."""


def open_smtp(
    server: str,
    port: int,
    *,
    use_tls: bool,
    use_ssl: bool,
    username: str | None,
    password: str | None,
) -> SendsPieces:
    """Connect and log in. Raises OSError (bad certificates included) or smtplib.SMTPException."""
    if use_ssl:
        host: SendsPieces = SendsPiecesThroughTLS(
            server, port, timeout=MAIL_TIMEOUT, context=_tls(server)
        )
    else:
        host = SendsPieces(server, port, timeout=MAIL_TIMEOUT)
    try:
        if use_tls:
            host.starttls(context=_tls(server))
        if username and password:
            host.login(username, password)
    except BaseException:
        host.close()
        raise
    return host


def _tls(server: str) -> ssl.SSLContext:
    """Return the rules for TLS. The password is shown to the server of that name, and no other."""
    context = ssl.create_default_context()
    if server in LOOPBACK:
        # Nobody stands between; who signs a certificate for this name?
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class ImpatientConnection(Connection):
    """A connection that gives up on a silent server, which Flask-Mail's own never does."""

    def configure_host(self) -> smtplib.SMTP:
        mail = self.mail
        return open_smtp(
            mail.server,
            mail.port,
            use_tls=mail.use_tls,
            use_ssl=mail.use_ssl,
            username=mail.username,
            password=mail.password,
        )

    def __exit__(self, exc_type: type[BaseException] | None, *details: Any) -> None:
        if self.host is None:
            return
        if exc_type is None:
            self.host.quit()
        else:
            # A server that has failed is not asked to say goodbye: it would be waited for again.
            self.host.close()
