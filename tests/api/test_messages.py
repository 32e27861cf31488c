"""Private messages and notifications through the API."""

import re
from typing import Any

import pytest

from app import db
from app.models import User
from tests.api.conftest import Program, ProgramOf


@pytest.fixture
def his(program_of: ProgramOf, john: User) -> Program:
    """What acts for john."""
    return program_of(john)


def test_writing_and_reading(program: Program, his: Program, susan: User, john: User) -> None:
    response = program.post('/messages', {'recipient': 'John', 'body': ' Hello\r\nJohn '})
    assert response.status_code == 201
    message = response.get_json()
    path = f'/api/messages/{message["id"]}'
    assert response.headers['Location'] == path
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z', message.pop('timestamp'))
    assert message == {
        'id': message['id'],
        'body': 'Hello\nJohn',
        'sender_id': susan.id,
        'sender': 'susan',
        'recipient_id': john.id,
        'recipient': 'john',
        '_links': {
            'self': path,
            'sender': f'/api/users/{susan.id}',
            'recipient': f'/api/users/{john.id}',
        },
    }
    for reader in (program, his):
        found = reader.get(path.removeprefix('/api'))
        assert found.status_code == 200
        assert found.headers['ETag']
        assert found.get_json() == response.get_json()


def test_to_whom(program: Program, susan: User, john: User) -> None:
    by_id = program.post('/messages', {'recipient_id': john.id, 'body': 'x'})
    assert by_id.get_json()['recipient'] == 'john'
    both = program.post('/messages', {'recipient_id': john.id, 'recipient': 'susan', 'body': 'x'})
    assert both.get_json()['recipient'] == 'john'


NOBODY = 'there is nobody of that name'


@pytest.mark.parametrize(
    ('data', 'field', 'message'),
    [
        ({}, 'body', 'must include recipient and body fields'),
        ({'body': 'x'}, 'recipient', 'must include recipient and body fields'),
        ({'recipient': 'john'}, 'body', 'must include recipient and body fields'),
        ([], None, 'must include recipient and body fields'),
        ({'recipient': 'nobody', 'body': 'x'}, 'recipient', NOBODY),
        ({'recipient': '', 'body': 'x'}, 'recipient', NOBODY),
        ({'recipient': 'a\0\ud800', 'body': 'x'}, 'recipient', NOBODY),
        ({'recipient_id': 0, 'body': 'x'}, 'recipient_id', NOBODY),
        ({'recipient_id': 2**31, 'body': 'x'}, 'recipient_id', NOBODY),
        ({'recipient_id': -(2**70), 'body': 'x'}, 'recipient_id', NOBODY),
        ({'recipient_id': 1.5, 'body': 'x'}, 'recipient_id', 'recipient_id: Not a valid integer.'),
        (
            {'recipient_id': None, 'body': 'x'},
            'recipient_id',
            'recipient_id: Field may not be null.',
        ),
        ({'recipient': 7, 'body': 'x'}, 'recipient', 'recipient: Not a valid string.'),
        ({'recipient': 'susan', 'body': 'x'}, 'recipient', 'you cannot write to yourself'),
        ({'recipient': 'john', 'body': ' '}, 'body', 'body: This must have 1 to 140 characters.'),
        (
            {'recipient': 'john', 'body': 'x' * 141},
            'body',
            'body: This must have 1 to 140 characters.',
        ),
        (
            {'recipient': 'john', 'body': '\ud800'},
            'body',
            'body: This text contains characters that cannot be stored.',
        ),
    ],
)
def test_what_cannot_be_sent(
    program: Program, john: User, data: Any, field: str | None, message: str
) -> None:
    response = program.post('/messages', data)
    assert response.status_code == 400
    answer = response.get_json()
    assert answer['message'] == message
    # With nothing there, no one field is at fault.
    assert (field in answer.get('errors', {})) == (field is not None)


def test_the_lists(
    program: Program, his: Program, program_of: ProgramOf, make_user: Any, john: User
) -> None:
    hers = program_of(make_user('mary'))
    sent = [
        program.post('/messages', {'recipient': 'john', 'body': f'{n}'}).get_json()
        for n in range(3)
    ]
    answer = his.post('/messages', {'recipient': 'susan', 'body': 'yes'}).get_json()
    other = hers.post('/messages', {'recipient': 'susan', 'body': 'hi'}).get_json()
    found = {
        path: program.get(path).get_json()
        for path in ('/messages', '/messages/sent', f'/users/{john.id}/messages')
    }
    assert [page['items'] for page in found.values()] == [
        [other, answer],
        sent[::-1],
        [answer, *sent[::-1]],
    ]
    assert [page['_meta']['total_items'] for page in found.values()] == [2, 3, 4]
    page = program.get('/messages/sent?per_page=2').get_json()
    assert page['items'] == [sent[2], sent[1]]
    page = program.get(page['_links']['next'].removeprefix('/api')).get_json()
    assert page['items'] == [sent[0]]
    assert page['_links']['next'] is None
    assert program.get(f'/users/{2**64}/messages').status_code == 404


def test_what_others_write_is_their_affair(program: Program, his: Program, make_user: Any) -> None:
    make_user('mary')
    message = his.post('/messages', {'recipient': 'mary', 'body': 'secret'}).get_json()
    for id_ in (message['id'], 2**31, 2**64, 0):
        for method in ('GET', 'DELETE'):
            response = program.open(method, f'/messages/{id_}')
            assert response.status_code == 404
            assert response.get_json() == {'error': 'Not Found'}


def test_deleting_ones_own_copy(program: Program, his: Program) -> None:
    message = program.post('/messages', {'recipient': 'john', 'body': 'x'}).get_json()
    path = message['_links']['self'].removeprefix('/api')
    assert his.delete(path).status_code == 204
    assert his.get(path).status_code == 404
    assert his.delete(path).status_code == 404
    assert his.get('/messages').get_json()['_meta']['total_items'] == 0
    assert program.get(path).status_code == 200
    assert program.delete(path).status_code == 204
    assert program.get(path).status_code == 404


def test_what_is_unread(program: Program, his: Program, john: User) -> None:
    assert his.get('/notifications').get_json() == {'items': []}
    program.post('/messages', {'recipient': 'john', 'body': 'x'})
    program.post('/messages', {'recipient': 'john', 'body': 'y'})
    [notification] = his.get('/notifications').get_json()['items']
    assert set(notification) == {'name', 'data', 'timestamp'}
    assert (notification['name'], notification['data']) == ('unread_message_count', 2)
    since = notification['timestamp']
    assert his.get(f'/notifications?since={since!r}').get_json() == {'items': []}
    his.get('/messages')  # reads, and changes nothing
    assert his.get(f'/notifications?since={since!r}').get_json() == {'items': []}
    assert his.post('/messages/read').status_code == 204
    [notification] = his.get(f'/notifications?since={since!r}').get_json()['items']
    assert notification['data'] == 0
    assert john.new_messages() == 0
    assert program.get('/notifications').get_json() == {'items': []}


@pytest.mark.parametrize('since', ['x', '', 'nan', 'inf', '-1', '1e999', '%00'])
def test_since_nonsense(program: Program, since: str) -> None:
    response = program.get(f'/notifications?since={since}')
    assert response.status_code == 400
    assert set(response.get_json()['errors']) == {'since'}


def test_since_the_future(program: Program, susan: User) -> None:
    susan.add_notification('x', {'any': ['thing']})
    db.session.commit()
    assert program.get('/notifications?since=1e300').get_json() == {'items': []}
    [notification] = program.get('/notifications').get_json()['items']
    assert notification['data'] == {'any': ['thing']}
