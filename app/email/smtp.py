"""The connection to the mail server: it asks who is there, and gives up on a silent one.

Flask-Mail's own does neither.
"""

import smtplib
import ssl
from typing import Any

from flask_mail import Connection

LOOPBACK = {'localhost', '127.0.0.1', '::1'}
MAIL_TIMEOUT = 5  # seconds that we wait for each answer of the mail server


def open_smtp(mail: Any) -> smtplib.SMTP:
    """Connect and log in with the settings that Flask-Mail has read.

    Raises OSError (bad certificates included) or smtplib.SMTPException.
    """
    server, port = mail.server, mail.port
    host = (
        smtplib.SMTP_SSL(server, port, timeout=MAIL_TIMEOUT, context=_tls(server))
        if mail.use_ssl
        else smtplib.SMTP(server, port, timeout=MAIL_TIMEOUT)
    )
    try:
        if mail.use_tls:
            host.starttls(context=_tls(server))
        if mail.username and mail.password:
            host.login(mail.username, mail.password)
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
        return open_smtp(self.mail)

    def __exit__(self, exc_type: type[BaseException] | None, *details: Any) -> None:
        if self.host is None:
            return
        if exc_type is None:
            self.host.quit()
        else:
            # A server that has failed is not asked to say goodbye: it would be waited for again.
            self.host.close()
