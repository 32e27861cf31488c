"""A real SMTP server for the tests, which keeps what it is given."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from time import monotonic, sleep
from typing import Any

from aiosmtpd.controller import Controller

PATIENCE = 10  # seconds that a mail may take


class Mailbox:
    """The mails that have arrived."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.port = 0
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        if self.refuses:
            return '451 not today'
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(mail)
        return '250 OK'

    def wait_for(self, number: int) -> list[EmailMessage]:
        """Return the mails as soon as there are `number` of them, or what there is in the end."""
        end = monotonic() + PATIENCE
        while len(self.mails) < number and monotonic() < end:
            sleep(0.02)
        return self.mails


@contextmanager
def running_mailbox(host: str = '127.0.0.1', /, **tls: Any) -> Iterator[Mailbox]:
    """Start the server; `ssl_context` or `tls_context` says how it encrypts."""
    mailbox = Mailbox()
    with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        mailbox.port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname=host, port=mailbox.port, **tls)
    controller.start()
    yield mailbox
    controller.stop()
