"""Sending mail (chapter 10), without making the visitor wait for it."""

import smtplib
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any

from flask import Flask, current_app
from flask_mail import Connection, Message

MAIL_TIMEOUT = 5  # seconds that we wait for each answer of the mail server

# A file's name, its media type, and what is in it.
Attachment = tuple[str, str, bytes | str]


class ImpatientConnection(Connection):
    """A connection that gives up on a silent server, which Flask-Mail's own never does."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        smtp = smtplib.SMTP_SSL if self.mail.use_ssl else smtplib.SMTP
        host = smtp(self.mail.server, self.mail.port, timeout=MAIL_TIMEOUT)
        if self.mail.use_tls:
            host.starttls()
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)
        return host

    def __exit__(self, exc_type: type[BaseException] | None, *details: Any) -> None:
        if self.host is None:
            return
        if exc_type is None:
            self.host.quit()
        else:
            # A server that has failed is not asked to say goodbye: it would be waited for again.
            self.host.close()


def send_email(
    subject: str,
    sender: str,
    recipients: Sequence[str],
    text_body: str,
    html_body: str,
    attachments: Sequence[Attachment] = (),
    sync: bool = False,
) -> None:
    """Send a mail with a text and an HTML form, in the background unless `sync`.

    Without MAIL_SERVER it is written to the log instead. In the background a failure is logged;
    with `sync` it is raised (OSError, smtplib.SMTPException).
    """
    message = Message(subject, sender=sender, recipients=list(recipients))
    message.body = text_body
    message.html = html_body
    for attachment in attachments:
        message.attach(*attachment)
    if sync:
        deliver(message)
    else:
        in_background(_deliver_or_log, message)


def in_background(job: Callable[..., None], *args: object) -> Thread:
    """Run `job(*args)` on a thread with an application context of its own; log how it fails."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a LocalProxy

    def run() -> None:
        with app.app_context():
            try:
                job(*args)
            except Exception:
                app.logger.exception('%s failed in the background', job.__name__)

    thread = Thread(target=run, name=job.__name__)
    thread.start()
    return thread


def deliver(message: Message) -> None:
    """Hand `message` to the mail server, or write it to the log if there is none."""
    if current_app.config['MAIL_SERVER']:
        with ImpatientConnection(current_app.extensions['mail']) as connection:
            connection.send(message)
        return
    attached = ''.join(f'\nAttachment: {a.filename}' for a in message.attachments)
    current_app.logger.info(
        'MAIL_SERVER is not set, so this mail stays here:\nSubject: %s\nTo: %s%s\n\n%s\n\n%s',
        message.subject,
        message.send_to,
        attached,
        message.body,
        message.html,
    )


def _deliver_or_log(message: Message) -> None:
    try:
        deliver(message)
    except Exception:
        current_app.logger.exception(
            'The mail "%s" to %s was not sent', message.subject, message.send_to
        )
