"""Messages: who has them, and how many are unread (chapter 21)."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from app import db
from app.database import utcnow
from app.models import Message, Notification, User, message
from app.models.correspondence import Conversation, Letter, Received, Sent
from app.models.listing import Listing
from app.models.message import UNREAD
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


def texts(listing: Listing[Letter], **options: str) -> list[str]:
    return [message.body for message in listing.page(1, 100, **options).items]


def elsewhere(app: Flask, do: Callable[..., object], *users: User) -> Thread:
    """Let another process do something with these accounts."""
    ids = [user.id for user in users]

    def run() -> None:
        with app.app_context():
            do(*[db.session.get_one(User, id_) for id_ in ids])
            db.session.commit()

    thread = Thread(target=run)
    thread.start()
    return thread


def write(sender: User, recipient: User) -> None:
    sender.send_message(recipient, 'hello')


def unread_rows(user: User) -> int:
    """Count what `new_messages` should tell, one by one."""
    since = user.last_message_read_time
    return sum(
        message.kept_by_recipient
        and not message.read_by_recipient
        and (since is None or message.timestamp > since)
        for message in db.session.scalars(select(Message).where(Message.recipient_id == user.id))
    )


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
    elsewhere(app, write, susan, john).join()
    john.mark_messages_read()
    assert texts(Received(john)) == ['hello']
    db.session.commit()
    assert john.new_messages() == 0


def look(_susan: User, john: User) -> None:
    john.mark_messages_read()


def look_as_in_the_tutorial(_susan: User, john: User) -> None:
    john.last_message_read_time = utcnow()


def look_at_the_conversation(susan: User, john: User) -> None:
    john.mark_conversation_read(susan)


def leave(susan: User, _john: User) -> None:
    db.session.delete(susan)


@pytest.mark.parametrize('do', [look, look_as_in_the_tutorial, look_at_the_conversation, leave])
def test_who_waits_for_an_account_sees_what_was_done_with_it(
    app: Flask, susan: User, john: User, do: Callable[[User, User], None]
) -> None:
    old = [susan.send_message(john, str(number)) for number in range(2)]
    db.session.commit()
    john.lock()
    susan.lock()
    thread = elsewhere(app, do, susan, john)
    thread.join(0.5)
    # It waits. Meanwhile one message comes, and another one goes.
    john.delete_message(old[0])
    new = susan.send_message(john, 'new')
    db.session.commit()
    thread.join()
    db.session.commit()
    assert john.unread_message_count == unread_rows(john)
    assert unread_told(john)[-1:] == [unread_rows(john)] or do is look_as_in_the_tutorial
    if do is not leave:
        john.delete_message(new)
        db.session.commit()
        assert john.unread_message_count == unread_rows(john) == 0


@pytest.mark.parametrize('hours', [-1, 1])
def test_two_machines_whose_clocks_differ(
    susan: User, john: User, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_clock(hours: int) -> None:
        monkeypatch.setattr(message, 'utcnow', lambda: utcnow() + timedelta(hours=hours))

    set_clock(hours)
    susan.send_message(john, 'one')
    set_clock(0)
    john.mark_messages_read()
    assert john.new_messages() == unread_rows(john) == 0
    set_clock(-hours)
    susan.send_message(john, 'two')
    assert john.new_messages() == unread_rows(john) == 1


def test_a_wrong_number_is_never_shown_as_less_than_none(susan: User, john: User) -> None:
    db.session.execute(update(User).values(unread_message_count=-4))
    db.session.commit()
    assert john.new_messages() == 0
    susan.send_message(john, 'hello')
    assert unread_told(john) == [0]


def test_the_badge_of_those_to_whom_a_deleted_account_had_written(
    susan: User, john: User, make_user: MakeUser
) -> None:
    david, emma = make_user('david'), make_user('emma')
    for recipient in (john, david):
        for text in ('one', 'two'):
            susan.send_message(recipient, text)
    david.send_message(john, 'three')
    john.add_notification('other', 1)
    john.add_notification(UNREAD, 'about something', subject='something')
    susan.send_message(emma, 'read')
    emma.mark_messages_read()
    # An account that was filled by other means, and has not been told anything.
    db.session.execute(delete(Notification).where(Notification.user_id == david.id))
    db.session.commit()
    since = {user: max([0, *times(user)]) for user in (john, david, emma)}
    db.session.delete(susan)
    db.session.commit()
    told = {
        user: [(n.name, n.subject, n.get_data()) for n in user.notifications_since(since[user])]
        for user in since
    }
    assert told == {john: [(UNREAD, '', 1)], david: [(UNREAD, '', 0)], emma: []}
    assert len(times(john)) == 3


def times(user: User) -> list[float]:
    return [notification.timestamp for notification in user.notifications_since(0)]


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


def test_conversations_are_read_one_by_one(susan: User, john: User, make_user: MakeUser) -> None:
    david = make_user('david')
    for round_ in range(2):
        susan.send_message(john, 'from susan')
        david.send_message(john, 'from david')
        susan.send_message(john, 'from susan, later')
        db.session.commit()
        john.mark_conversation_read(susan)
        db.session.commit()
        assert john.new_messages() == 1
        assert unread_told(john) == [1]
        john.mark_conversation_read(david)
        db.session.commit()
        assert john.new_messages() == 0
        assert unread_told(john) == [0]
        assert john.last_message_read_time is not None, round_
    susan.send_message(john, 'from susan again')
    john.mark_conversation_read(david)
    assert john.new_messages() == 1
    john.mark_conversation_read(susan)
    assert john.new_messages() == 0
    assert unread_told(john) == [0]


def test_what_was_read_in_its_conversation_is_not_counted_again(
    susan: User, john: User, make_user: MakeUser
) -> None:
    david = make_user('david')
    david.send_message(john, 'from david')
    messages = [susan.send_message(john, str(number)) for number in range(3)]
    john.mark_conversation_read(susan)
    db.session.commit()
    john.delete_message(messages[0])
    db.session.delete(messages[1])
    db.session.commit()
    assert john.new_messages() == 1
    assert unread_told(john) == [1]
    # The tutorial's own way to look at everything once more.
    john.last_message_read_time = None
    db.session.commit()
    assert john.new_messages() == 1
    db.session.delete(susan)
    db.session.commit()
    assert john.new_messages() == 1
    assert unread_told(john) == [1]


def test_a_message_that_came_since_the_account_was_loaded(
    app: Flask, susan: User, john: User
) -> None:
    assert john.new_messages() == 0
    elsewhere(app, write, susan, john).join()
    john.mark_conversation_read(susan)
    db.session.commit()
    assert john.new_messages() == 0


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
