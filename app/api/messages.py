"""Private messages (chapters 21 and 23)."""

from typing import Any

from apifairy import arguments, authenticate, response
from flask import abort, url_for

from app.api.auth import caller, token_auth
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.entries import entry_or_404
from app.api.errors import bad_request
from app.api.paging import Arguments, TimelinePageSchema, collection_of, timeline_page
from app.api.schemas import LocationSchema, MessageSchema, NewMessageSchema
from app.extensions import db
from app.models import Message, User
from app.models.correspondence import Conversation, Received, Sent

MessageCollectionSchema = collection_of(MessageSchema, 'MessageCollection')


@bp.route('/messages', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(MessageCollectionSchema)
def get_messages(page: Arguments) -> dict[str, Any]:
    """Read what others have sent, the newest first.

    It stays unread until `POST /api/messages/read`.
    """
    return timeline_page(Received(caller()), page)


@bp.route('/messages/sent', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(MessageCollectionSchema)
def get_sent_messages(page: Arguments) -> dict[str, Any]:
    """Read what one has sent, the newest first."""
    return timeline_page(Sent(caller()), page)


@bp.route('/users/<int:id>/messages', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(MessageCollectionSchema)
def get_conversation(page: Arguments, id: int) -> dict[str, Any]:
    """Read what one has written to somebody and back, the newest first."""
    other = entry_or_404(User, id)
    return timeline_page(Conversation(caller(), other), page)


@bp.route('/messages', methods=['POST'])
@authenticate(token_auth)
@body(NewMessageSchema)
@response(MessageSchema, 201, headers=LocationSchema)
def send_message(data: Arguments) -> Any:
    """Write to somebody: `recipient` is a name, `recipient_id` may stand in its place."""
    message = caller().send_message(find_recipient(data), data['body'])
    db.session.commit()
    return message, 201, {'Location': url_for('api.get_message', id=message.id)}


@bp.route('/messages/read', methods=['POST'])
@authenticate(token_auth)
def read_messages() -> tuple[str, int]:
    """Count everything that has been received as read."""
    caller().mark_messages_read()
    db.session.commit()
    return '', 204


@bp.route('/messages/<int:id>', methods=['GET'])
@conditional
@authenticate(token_auth)
@response(MessageSchema)
def get_message(id: int) -> Message:
    """Read a message that one has sent or received. Those of others are not to be found."""
    return caller().own_message(id) or abort(404)


@bp.route('/messages/<int:id>', methods=['DELETE'])
@authenticate(token_auth)
def delete_message(id: int) -> tuple[str, int]:
    """Delete one's own copy of a message. The other side keeps theirs."""
    caller().delete_message(caller().own_message(id) or abort(404))
    db.session.commit()
    return '', 204


def find_recipient(data: Arguments) -> User:
    """Return to whom `data` is addressed; a 400 when that is nobody, or oneself."""
    field = 'recipient_id' if 'recipient_id' in data else 'recipient'
    value = data[field]
    user = db.session.get(User, value) if field == 'recipient_id' else User.find(value)
    message = 'there is nobody of that name' if user is None else 'you cannot write to yourself'
    if user is None or user == caller():
        abort(bad_request(message, {field: [message]}))
    return user
