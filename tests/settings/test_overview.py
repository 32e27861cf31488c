from collections.abc import Callable

from flask.testing import FlaskClient

from app.models import User
from app.settings.overview import settings_sections
from tests.conftest import MakeUser
from tests.pages import link


def test_all_settings_are_reached_from_ones_profile(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    client = log_in(make_user('susan', 'a good one'))
    client.post('/auth/prove', data={'current_password': 'a good one'})
    assert link(client.get('/user/susan'), 'Settings') == '/settings'
    overview = client.get('/settings')
    assert link(overview, 'Password') == '/auth/change_password'
    with client.application.test_request_context():
        titles = [str(s.title) for s in settings_sections()]
    for title in titles:
        assert client.get(link(overview, title) or '').status_code == 200
