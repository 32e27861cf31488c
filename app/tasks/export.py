"""Mailing people all that they have written (chapter 22)."""

import smtplib
from contextlib import nullcontext

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from app.email import send_email
from app.extensions import db
from app.models import User
from app.models.task import MAIL
from app.tasks.archive import archive, has_pictures, size
from app.tasks.job import JobFailedError, job, set_progress

LARGEST_ATTACHMENT = 1000 * 1000  # bytes; a larger one is left to be downloaded
WITHOUT_LINK = 10 * LARGEST_ATTACHMENT  # larger ones many mail servers refuse
ALMOST = 99  # percent: all but the mail


@job
def export_posts(
    user_id: int,
    url: str | None = None,
    locale: str | None = None,
    pictures_url: str | None = None,
) -> None:
    """Mail the user the archive of what they did, or the link `url` to one that is large.

    Where there is no link, because the site does not know its address, a large one is attached,
    too. `locale` is the language of the mail, such as 'pt_BR'. `pictures_url` leads to the archive
    with pictures, for those whose posts have some.
    """
    user = db.session.get_one(User, user_id)
    data = _attachment(user, LARGEST_ATTACHMENT if url else WITHOUT_LINK)
    set_progress(ALMOST, final_call=True)
    if data is None and url is None:
        raise LookupError('The archive needs a link, for which SITE_URL has to be set')
    links = {
        'url': url if data is None else None,
        'pictures_url': pictures_url if has_pictures(user.id) else None,
    }
    with force_locale(locale) if locale else nullcontext():
        subject = _('[Microblog] Your blog posts')
        text = render_template('email/export_posts.txt', user=user, **links)
        html = render_template('email/export_posts.html', user=user, **links)
    recipient = user.email
    # The mail server may take its time: no connection to the database waits for it.
    db.session.rollback()
    try:
        send_email(
            subject,
            sender=current_app.config['ADMINS'][0],
            recipients=[recipient],
            text_body=text,
            html_body=html,
            attachments=[] if data is None else [('posts.json', 'application/json', data)],
            sync=True,
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # ValueError: for an address from earlier times that cannot be written to.
        raise JobFailedError(MAIL) from error


def _attachment(user: User, limit: int) -> bytes | None:
    """Return the archive as it goes into a mail, None when it is longer than `limit`."""
    total = max(size(user.id), 1)
    data = bytearray()
    for piece in archive(user.id):
        data += piece.text.encode()
        if len(data) > limit:
            return None
        set_progress(min(ALMOST * piece.entry_count // total, ALMOST))
    return bytes(data)
