"""Sending mail (chapter 10), without making the visitor wait for it."""

from collections.abc import Sequence

import idna
from flask import current_app
from flask_mail import Message, email_dispatched

from app.background import in_background, present_app
from app.email.smtp import ImpatientConnection

# As addresses end that stand in for others: no mail can go there (RFC 2606).
NOWHERE = '.invalid'

# A file's name, its media type, and what is in it.
Attachment = tuple[str, str, bytes | str]


def send_email(
    subject: str,
    sender: str,
    recipients: Sequence[str],
    text_body: str,
    html_body: str,
    attachments: Sequence[Attachment] | None = None,
    sync: bool = False,
) -> None:
    """Send a mail with a text and an HTML form, in the background unless `sync`.

    Without MAIL_SERVER it is written to the log instead. In the background a failure is logged;
    with `sync` it is raised (OSError, smtplib.SMTPException; ValueError for an address with other
    letters than those of ASCII before the @).
    """
    reached: list[str | tuple[str, str]] = [
        to_ascii(one) for one in recipients if not one.endswith(NOWHERE)
    ]
    if not reached:
        return
    message = Message(
        subject,
        sender=sender,
        recipients=reached,
        body=text_body,
        html=html_body,
    )
    for name, media_type, data in attachments or ():
        message.attach(name, media_type, data.encode() if isinstance(data, str) else data)
    if sync:
        deliver(message)
    else:
        in_background(send_async_email, message)


def to_ascii(address: str) -> str:
    """Return an address as mail servers know it: 'x@xn--fa-hia.de' for 'x@faß.de'.

    By the rules of 2008, under which domains are registered today. Flask-Mail goes by those of
    2003, which take that one for fass.de: somebody else's.
    """
    local_part, at, domain = address.rpartition('@')
    try:
        return f'{local_part}{at}{idna.encode(domain, uts46=True).decode()}'
    except idna.IDNAError:
        return address  # the mail server will say what it thinks of it


def deliver(message: Message) -> None:
    """Hand `message` to the mail server, or write it to the log if there is none."""
    if current_app.config['MAIL_SERVER']:
        with ImpatientConnection(current_app.extensions['mail']) as connection:
            connection.send(message)
        return
    # Whoever listens for mails (mail.record_messages in tests) hears of this one as well.
    email_dispatched.send(present_app(), message=message)
    attached = ''.join(f'\nAttachment: {a.filename}' for a in message.attachments)
    current_app.logger.info(
        'MAIL_SERVER is not set, so this mail stays here:\nSubject: %s\nTo: %s%s\n\n%s\n\n%s',
        message.subject,
        ', '.join(map(str, message.recipients)),
        attached,
        message.body,
        message.html,
        extra={'several_lines': True},
    )


def send_async_email(message: Message) -> None:
    """Deliver a mail from a thread; a failure is logged."""
    try:
        deliver(message)
    except Exception:
        recipients = ', '.join(map(str, message.recipients))
        current_app.logger.exception(
            'The mail "%s" to %s was not sent', message.subject, recipients
        )
