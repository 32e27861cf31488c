"""Private messages (chapters 21 and 23)."""

from functools import partial
from typing import Any

from apifairy import other_responses, response
from flask import abort, url_for

from app.api.auth import caller, needs
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.errors import bad_request
from app.api.paging import Arguments, collection_of, timeline_page
from app.api.schemas import LocationSchema, MessageSchema, NewMessageSchema
from app.api.views import does, entry_or_404, lists
from app.extensions import db
from app.models import Message, User
from app.models.api_token import MESSAGES
from app.models.correspondence import Conversation, Received, Sent

MessageCollectionSchema = collection_of(MessageSchema, 'MessageCollection')
lists_messages = partial(lists, of=MessageCollectionSchema, page_of=timeline_page, scope=MESSAGES)


@lists_messages('/messages')
def get_messages() -> Received:
    """Read what others have sent, the newest first.

    It stays unread until `POST /api/messages/read`.
    """
    return Received(caller())


@lists_messages('/messages/sent')
def get_sent_messages() -> Sent:
    """Read what one has sent, the newest first."""
    return Sent(caller())


@lists_messages('/users/<int:id>/messages')
def get_conversation(id: int) -> Conversation:
    """Read what one has written to somebody and back, the newest first."""
    return Conversation(caller(), entry_or_404(User, id))


@bp.route('/messages', methods=['POST'])
@needs(MESSAGES)
@body(NewMessageSchema)
@response(MessageSchema, 201, headers=LocationSchema)
@other_responses({403: 'The recipient takes no messages from you'})
def send_message(data: Arguments) -> Any:
    """Write to somebody: `recipient` is a name, `recipient_id` may stand in its place."""
    message = caller().send_message(find_recipient(data), data['body'])
    db.session.commit()
    return message, 201, {'Location': url_for('api.get_message', id=message.id)}


@does('POST', '/messages/read', MESSAGES)
def read_messages() -> None:
    """Count everything that has been received as read."""
    caller().mark_messages_read()


@bp.route('/messages/<int:id>', methods=['GET'])
@conditional
@needs(MESSAGES)
@response(MessageSchema)
def get_message(id: int) -> Message:
    """Read a message that one has sent or received. Those of others are not to be found."""
    return caller().own_message(id) or abort(404)


@does('DELETE', '/messages/<int:id>', MESSAGES)
def delete_message(id: int) -> None:
    """Delete one's own copy of a message. The other side keeps theirs."""
    caller().delete_message(caller().own_message(id) or abort(404))


def find_recipient(data: Arguments) -> User:
    """Return to whom `data` is addressed; a 400 when that is nobody, or oneself."""
    field = 'recipient_id' if 'recipient_id' in data else 'recipient'
    value = data[field]
    user = db.session.get(User, value) if field == 'recipient_id' else User.find(value)
    message = 'there is nobody of that name' if user is None else 'you cannot write to yourself'
    if user is None or user == caller():
        abort(bad_request(message, {field: [message]}))
    return user
