"""Messages: who has them, and how many are unread (chapter 21)."""

from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app import db
from app.database import utcnow
from app.models import Message, Notification, User
from app.models.correspondence import Conversation, Received, Sent
from app.models.listing import Listing
from tests.conftest import MakeUser


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


def unread_told(user: User) -> list[int]:
    """What the notifications say."""
    query = select(Notification).where(Notification.user_id == user.id)
    return [notification.get_data() for notification in db.session.scalars(query)]


def texts(listing: Listing[Message], **options: str) -> list[str]:
    return [message.body for message in listing.page(1, 100, **options).items]


def count_messages() -> int | None:
    return db.session.scalar(select(func.count()).select_from(Message))


def test_sending(susan: User, john: User) -> None:
    before = utcnow()
    message = susan.send_message(john, 'hello')
    db.session.commit()
    assert repr(message) == '<Message hello>'
    assert (message.author, message.recipient) == (susan, john)
    assert before <= message.timestamp <= utcnow()
    assert (john.new_messages(), susan.new_messages()) == (1, 0)
    assert (unread_told(john), unread_told(susan)) == ([1], [])
    susan.send_message(john, 'again')
    db.session.commit()
    assert john.new_messages() == 2
    assert unread_told(john) == [2]


def test_nobody_writes_to_oneself(susan: User) -> None:
    with pytest.raises(ValueError, match='oneself'):
        susan.send_message(susan, 'hello')


def test_reading(susan: User, john: User) -> None:
    susan.send_message(john, 'hello')
    john.mark_messages_read()
    db.session.commit()
    assert john.new_messages() == 0
    assert unread_told(john) == [0]
    susan.send_message(john, 'again')
    db.session.commit()
    assert john.new_messages() == 1


def test_the_tutorials_own_way(susan: User, john: User) -> None:
    """Rows and times that are written without the methods above count all the same."""
    now = utcnow()
    for age in (10, 5, 1):
        timestamp = now - timedelta(minutes=age)
        db.session.add(Message(author=susan, recipient=john, body=str(age), timestamp=timestamp))
    db.session.commit()
    assert john.new_messages() == 3
    john.last_message_read_time = now - timedelta(minutes=6)
    db.session.commit()
    assert john.new_messages() == 2
    john.last_message_read_time = now
    db.session.commit()
    assert john.new_messages() == 0
    old = Message(author=susan, recipient=john, body='late', timestamp=now - timedelta(minutes=7))
    db.session.add(old)
    db.session.commit()
    assert john.new_messages() == 0
    john.last_message_read_time = None
    db.session.commit()
    assert john.new_messages() == 4
    db.session.delete(old)
    db.session.commit()
    assert john.new_messages() == 3


def test_reading_while_somebody_writes(app: Flask, susan: User, john: User) -> None:
    """What has arrived since the account was loaded is on the page, so it is read as well."""
    assert john.new_messages() == 0
    ids = susan.id, john.id

    def write() -> None:
        with app.app_context():
            sender, recipient = (db.session.get_one(User, id_) for id_ in ids)
            sender.send_message(recipient, 'hello')
            db.session.commit()

    thread = Thread(target=write)
    thread.start()
    thread.join()
    john.mark_messages_read()
    assert texts(Received(john)) == ['hello']
    db.session.commit()
    assert john.new_messages() == 0


def test_a_message_that_is_gone_can_be_deleted_again(app: Flask, susan: User, john: User) -> None:
    message = susan.send_message(john, 'hello')
    db.session.commit()
    id_, susan_id = message.id, susan.id

    def delete() -> None:
        with app.app_context():
            sender = db.session.get_one(User, susan_id)
            own = db.session.get_one(Message, id_)
            sender.delete_message(own)
            db.session.commit()

    john.delete_message(message)
    db.session.commit()
    # Found, as in a request, before the other request has deleted it.
    own = susan.own_message(id_)
    assert own is not None
    thread = Thread(target=delete)
    thread.start()
    thread.join()
    susan.delete_message(own)
    db.session.commit()
    assert count_messages() == 0


def test_one_conversation_does_not_hide_another(
    susan: User, john: User, make_user: MakeUser
) -> None:
    david = make_user('david')
    susan.send_message(john, 'from susan')
    david.send_message(john, 'from david')
    john.mark_conversation_read(susan)
    db.session.commit()
    assert john.new_messages() == 2
    john.mark_messages_read()
    susan.send_message(john, 'from susan again')
    john.mark_conversation_read(david)
    assert john.new_messages() == 1
    john.mark_conversation_read(susan)
    assert john.new_messages() == 0
    assert unread_told(john) == [0]


def test_each_side_deletes_its_own_copy(susan: User, john: User) -> None:
    message = susan.send_message(john, 'hello')
    db.session.commit()
    assert susan.own_message(message.id) == john.own_message(message.id) == message
    john.delete_message(message)
    db.session.commit()
    assert john.new_messages() == 0
    assert unread_told(john) == [0]
    assert john.own_message(message.id) is None
    assert texts(Received(john)) == texts(Conversation(john, susan)) == []
    assert texts(Sent(susan)) == texts(Conversation(susan, john)) == ['hello']
    id_ = message.id
    susan.delete_message(message)
    db.session.commit()
    assert susan.own_message(id_) is None
    assert count_messages() == 0
    assert john.new_messages() == 0


def test_a_message_that_was_read_is_not_discounted(susan: User, john: User) -> None:
    message = susan.send_message(john, 'hello')
    john.mark_messages_read()
    susan.send_message(john, 'unread')
    john.delete_message(message)
    db.session.commit()
    assert john.new_messages() == 1


def test_an_account_takes_its_messages_with_it(susan: User, john: User) -> None:
    susan.send_message(john, 'read')
    john.mark_messages_read()
    susan.send_message(john, 'unread')
    db.session.commit()
    db.session.delete(susan)
    db.session.commit()
    assert john.new_messages() == 0
    assert count_messages() == 0


def test_lists(susan: User, john: User, make_user: MakeUser) -> None:
    david = make_user('david')
    for number in range(3):
        susan.send_message(john, f'susan {number}')
        john.send_message(susan, f'john {number}')
        david.send_message(john, f'david {number}')
    db.session.commit()
    assert texts(Received(john)) == [
        *('david 2', 'susan 2', 'david 1', 'susan 1', 'david 0', 'susan 0'),
    ]
    assert texts(Sent(john)) == ['john 2', 'john 1', 'john 0']
    whole = ['john 2', 'susan 2', 'john 1', 'susan 1', 'john 0', 'susan 0']
    assert texts(Conversation(john, susan)) == texts(Conversation(susan, john)) == whole
    assert texts(Conversation(susan, david)) == []

    for number in (1, 2, 3):
        page = Conversation(john, susan).page(number, 2)
        assert [m.body for m in page.items] == whole[2 * number - 2 : 2 * number]
    page = Conversation(john, susan).page(1, 2)
    seen = [m.body for m in page.items]
    while page.older:
        page = Conversation(john, susan).page(page.older['page'], 2, before=page.older['before'])
        seen += [m.body for m in page.items]
    assert seen == whole
    assert page.newer is not None
    page = Conversation(john, susan).page(2, 2, after=page.newer['after'])
    assert [m.body for m in page.items] == whole[2:4]


def test_the_counter_is_what_would_be_counted(susan: User, john: User) -> None:
    for number in range(5):
        susan.send_message(john, str(number))
    db.session.commit()
    db.session.execute(update(User).values(unread_message_count=99))
    db.session.refresh(john)
    john.last_message_read_time = None
    db.session.commit()
    assert john.new_messages() == 5


def test_two_people_at_once(app: Flask, susan: User, john: User) -> None:
    """Nobody waits for the other forever, and nothing is counted twice or not at all."""
    ids = susan.id, john.id
    errors: list[Exception] = []

    def write(sender_id: int, recipient_id: int, number: int) -> None:
        with app.app_context():
            try:
                for _ in range(5):
                    sender = db.session.get_one(User, sender_id)
                    sender.send_message(db.session.get_one(User, recipient_id), 'hello')
                    db.session.commit()
                    sender.add_notification('other', number)
                    db.session.commit()
            except Exception as error:  # noqa: BLE001 (whatever it is)
                errors.append(error)

    pairs = [ids, ids[::-1]] * 2
    threads = [Thread(target=write, args=[*pair, n]) for n, pair in enumerate(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert errors == []
    for user in (susan, john):
        assert user.new_messages() == 10
        told = [n.get_data() for n in user.notifications_since(0) if n.name != 'other']
        assert told == [10]
