"""Private messages: reading, writing and deleting them (chapter 21)."""

from collections.abc import Callable
from functools import partial

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.extensions import db
from app.main.blueprint import bp
from app.main.forms import MessageForm
from app.main.hooks import is_looked_at
from app.main.people import user_or_404
from app.models import User
from app.models.correspondence import Conversation, Letter, Messages, Received, Sent
from app.models.listing import Page
from app.text import BODY_LENGTH, straight
from app.web.paging import links_to, requested_page
from app.web.site import local_path


@bp.route('/messages')
@login_required
def messages() -> str:
    """Show what others have written. Whoever looks at the newest of it has read everything."""
    page = _looked_at(Received(current_user), current_user.mark_messages_read)
    html = render_template(
        'main/messages.html',
        title=_('Messages'),
        messages=page.items,
        **links_to(page, 'main.messages'),
    )
    db.session.commit()
    return html


@bp.route('/messages/sent')
@login_required
def sent_messages() -> str:
    """Show what one has written."""
    page = requested_page(Sent(current_user))
    return render_template(
        'main/messages.html',
        title=_('Sent Messages'),
        messages=page.items,
        **links_to(page, 'main.sent_messages'),
    )


@bp.route('/messages/with/<username>', methods=['GET', 'POST'])
@login_required
def conversation(username: str) -> str | Response:
    """Show what one has written to a person and back, with a box to go on."""
    other = user_or_404(username)
    if other == current_user:
        return _not_to_oneself()
    form = MessageForm() if other.takes_messages_of(current_user) else None
    if form is not None and form.validate_on_submit():
        return _send(other, form, 'main.conversation')
    mark_read = partial(current_user.mark_conversation_read, other)
    page = _looked_at(Conversation(current_user, other), mark_read)
    html = render_template(
        'main/conversation.html',
        title=_('Conversation with %(username)s', username=straight(other.username)),
        other=other,
        form=form,
        body_length=BODY_LENGTH,
        messages=page.items,
        **links_to(page, 'main.conversation', username=other.username),
    )
    db.session.commit()
    return html


@bp.route('/send_message/<recipient>', methods=['GET', 'POST'])
@login_required
def send_message(recipient: str) -> str | Response:
    """Write to a person."""
    user = user_or_404(recipient)
    if user == current_user:
        return _not_to_oneself()
    form = MessageForm() if user.takes_messages_of(current_user) else None
    if form is not None and form.validate_on_submit():
        return _send(user, form, 'main.user')
    return render_template(
        'main/send_message.html',
        title=_('Send Message'),
        form=form,
        body_length=BODY_LENGTH,
        recipient=user.username,
    )


@bp.route('/messages/<int:id>/delete')
@login_required
def ask_to_delete_message(id: int) -> str:
    """Ask whether to delete one's own copy of a message: for those without js/messages.js."""
    return render_template(
        'delete_message.html',
        title=_('Delete Message'),
        message=current_user.own_message(id) or abort(404),
        next_page=local_path(request.args.get('next'), url_for('main.messages')),
    )


@bp.route('/messages/<int:id>/delete', methods=['POST'])
@login_required
def delete_message(id: int) -> Response:
    """Delete one's own copy of a message."""
    current_user.delete_message(current_user.own_message(id) or abort(404))
    db.session.commit()
    flash(_('The message has been deleted.'))
    return redirect(local_path(request.form.get('next'), url_for('main.messages')))


def _looked_at(messages: Messages, mark_read: Callable[[], None]) -> Page[Letter]:
    """Return the requested page, and mark as read what it shows to a person.

    The caller commits when the page is made: the account is held, so that a message which comes
    meanwhile is neither shown nor read.
    """
    if not is_looked_at():
        return requested_page(messages)
    if not current_user.new_messages():
        page = requested_page(messages)
        # Nothing has come since the account was loaded either: there is nothing to write.
        if not any(map(_is_news, page.items)):
            return page
    current_user.lock()
    page = requested_page(messages)
    if page.is_newest:
        mark_read()
    return page


def _is_news(letter: Letter) -> bool:
    seen = current_user.last_message_read_time
    return letter.recipient_id == current_user.id and (seen is None or letter.timestamp > seen)


def _send(recipient: User, form: MessageForm, next_page: str) -> Response:
    address = url_for(next_page, username=recipient.username)  # before the commit: no query for it
    current_user.send_message(recipient, form.message.data)
    db.session.commit()
    flash(_('Your message has been sent.'))
    return redirect(address)


def _not_to_oneself() -> Response:
    flash(_('You cannot send a message to yourself!'))
    return redirect(url_for('main.user', username=current_user.username))
