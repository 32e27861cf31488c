"""What a job does is the same on RQ and on a thread of the web process (chapter 22)."""

import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.models import Post, Task, User
from tests.mailbox import Mailbox
from tests.pages import flashes, heading
from tests.tasks.conftest import wait_until_over

LogIn = Callable[[User], FlaskClient]

TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')


@pytest.fixture
def settings(runner_settings: dict[str, str | None]) -> dict[str, str | None]:
    return runner_settings


def only_task() -> Task:
    return db.session.scalars(select(Task)).one()


def test_an_export(log_in: LogIn, susan: User, mailbox: Mailbox) -> None:
    client = log_in(susan)
    assert 'Export your posts' in client.get('/user/susan').text
    assert heading(client.get('/export_posts')) == 'Export Your Posts'
    assert db.session.scalars(select(Task)).all() == []

    response = client.post('/export_posts')
    assert (response.status_code, response.location) == (302, '/user/susan')
    task = only_task()
    assert (task.name, task.description) == ('export_posts', 'Exporting posts...')
    assert task.user == susan

    [mail] = mailbox.wait_for(1)
    assert mail['Subject'] == '[Microblog] Your blog posts'
    assert mail['To'] == 'susan@example.com'
    assert mail['From'] == 'your-email@example.com'
    text = mail.get_body(('plain',))
    assert text is not None
    assert 'Dear susan,' in text.get_content()
    assert 'attached' in text.get_content()
    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == 'posts.json'
    assert attachment.get_content_type() == 'application/json'
    posts = db.session.scalars(select(Post).order_by(Post.timestamp)).all()
    data = [{'body': p.body, 'timestamp': f'{p.timestamp.isoformat()}Z', 'id': p.id} for p in posts]
    content = attachment.get_content()
    assert content.decode() == json.dumps(
        {'posts': data, 'likes': [], 'reposts': [], 'bookmarks': []}, indent=4
    )

    wait_until_over(task)
    assert task.failure is None
    assert task.get_progress() == 100
    told = client.get('/notifications').get_json()
    assert [(item['name'], item['data']) for item in told] == [
        ('task_progress', {'task_id': task.id, 'progress': 100})
    ]
    page = client.get('/explore')
    assert 'Done.' in page.text
    assert 'Export your posts' in client.get('/user/susan').text
    notice = client.get(f'/tasks/{task.id}').text.strip()
    again = page.text.replace('<input type="hidden" name="next" value="/explore">', '')
    # Each has a token of its own.
    assert TOKEN.sub('', notice) in TOKEN.sub('', again)
    # It was said once.
    assert 'Exporting posts...' not in client.get('/explore').text

    first = task.id
    client.post('/export_posts')
    mailbox.wait_for(2)
    # The notice of the first one is not needed any more.
    assert only_task().id != first
    wait_until_over(only_task())


def test_a_failure_is_told(
    log_in: LogIn, susan: User, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.refuses = True
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    wait_until_over(task)
    assert task.failure == 'mail'
    told = client.get('/notifications').get_json()
    assert {'task_id': task.id} in [i['data'] for i in told if i['name'] == 'task_failed']
    assert 'Failed: the mail could not be sent.' in client.get('/explore').text

    mailbox.refuses = False
    client.post('/export_posts')
    mailbox.wait_for(1)
    wait_until_over(only_task())
    assert only_task().failure is None


def test_one_at_a_time(log_in: LogIn, susan: User, mailbox: Mailbox) -> None:
    running = Task(id='x', name='export_posts', description='Exporting...', user_id=susan.id)
    db.session.add(running)
    db.session.commit()
    client = log_in(susan)
    for method in ('GET', 'POST'):
        assert client.open('/export_posts', method=method).location == '/user/susan'
        page = client.get('/user/susan')
        assert flashes(page) == ['An export task is currently in progress']
        assert 'Export your posts' not in page.text
    assert '<span id="x-progress">0</span>%' in page.text
    assert only_task() == running
    assert mailbox.mails == []


def test_dismissing_leads_back_also_on_a_site_under_a_path(log_in: LogIn, susan: User) -> None:
    db.session.add(Task(id='x', name='export_posts', user_id=susan.id, complete=True))
    db.session.commit()
    page = log_in(susan).get('/explore?page=1', environ_overrides={'SCRIPT_NAME': '/under'})
    form = page.text.partition('action="/under/tasks/x/dismiss"')[2]
    target = re.search(r'name="next" value="([^"]*)"', form)
    assert target is not None
    assert target[1] == '/under/explore?page=1'


def test_tasks_of_others(log_in: LogIn, susan: User, make_user: Callable[..., User]) -> None:
    task = Task(id='x', name='export_posts', description='Exporting', user_id=susan.id)
    task.complete = True
    db.session.add(task)
    db.session.commit()
    eve = log_in(make_user('eve'))
    for id_ in ('x', 'y', '%00', 'x' * 300):
        assert eve.get(f'/tasks/{id_}').status_code == 404
        assert eve.post(f'/tasks/{id_}/dismiss').status_code == 404
    assert 'Exporting' not in eve.get('/explore').text
    assert not task.dismissed
