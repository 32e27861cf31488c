"""What concerns somebody, through the API."""

from app.models import User
from tests.api.conftest import Program, ProgramOf
from tests.conftest import MakeUser


def test_what_concerns_one(
    program: Program, program_of: ProgramOf, make_user: MakeUser, susan: User, john: User
) -> None:
    his, hers = program_of(john), program_of(make_user('mary'))
    mine = program.post('/posts', {'body': 'mine'}).get_json()
    path = mine['_links']['self'].removeprefix('/api')
    his.post(f'/users/{susan.id}/follow')
    answer = his.post('/posts', {'body': 'so it is', 'in_reply_to': mine['id']}).get_json()
    mention = hers.post('/posts', {'body': 'ask @susan'}).get_json()
    for other in (program, his, hers):
        other.put(f'{path}/like')
    program.put(f'{path}/repost')
    hers.put(f'{path}/repost')
    mine = program.get(path).get_json()
    assert (mine['like_count'], mine['repost_count'], mine['liked']) == (3, 2, True)

    items = program.get('/activity').get_json()['items']
    assert [(item['kind'], item['actor'], item['count']) for item in items] == [
        ('repost', 'mary', 1),
        ('like', 'mary', 2),
        ('mention', 'mary', 1),
        ('answer', 'john', 1),
        ('follow', 'john', 1),
    ]
    assert [item['post'] for item in items] == [mine, mine, mention, answer, None]
    assert items[-1]['_links'] == {'actor': f'/api/users/{john.id}'}
    assert items[-1]['actor_id'] == john.id
    assert items[-1]['timestamp'].endswith('Z')
    # What one did oneself is nothing to be told.
    assert program_of(john).get('/activity').get_json()['items'] == []


def unread(program: Program) -> list[int]:
    items = program.get('/notifications').get_json()['items']
    return [item['data'] for item in items if item['name'] == 'unread_activity_count']


def test_it_is_new_until_it_is_said_to_be_read(
    program: Program, program_of: ProgramOf, susan: User, john: User
) -> None:
    program_of(john).post(f'/users/{susan.id}/follow')
    assert len(program.get('/activity').get_json()['items']) == 1
    assert unread(program) == [1]
    for _ in range(2):
        response = program.post('/activity/read')
        assert (response.status_code, response.data) == (204, b'')
        assert unread(program) == [0]
    assert len(program.get('/activity').get_json()['items']) == 1


def test_reading_on_while_others_are_busy(
    program: Program, program_of: ProgramOf, make_user: MakeUser, susan: User
) -> None:
    people = [program_of(make_user(f'person{number}')) for number in range(5)]
    for person in people:
        person.post(f'/users/{susan.id}/follow')
    first = program.get('/activity?per_page=2').get_json()
    assert first['_meta']['total_items'] == 5
    assert [item['actor'] for item in first['items']] == ['person4', 'person3']
    # The one that the next page begins below is taken back, the first one comes again.
    people[3].delete(f'/users/{susan.id}/follow')
    people[4].delete(f'/users/{susan.id}/follow')
    people[4].post(f'/users/{susan.id}/follow')
    second = program.get(first['_links']['next'].removeprefix('/api')).get_json()
    assert [item['actor'] for item in second['items']] == ['person2', 'person1']
    assert program.get('/activity?before=x').status_code == 400
