"""`flask user`: what an admin does about an account."""

import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from app import db
from app.models import User
from tests.auth.conftest import wait_for_threads
from tests.codes import give_codes
from tests.conftest import MakeUser


def test_who_has_lost_everything_is_let_in_by_an_admin(
    runner: FlaskCliRunner,
    client: FlaskClient,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    susan = make_user('susan', 'a good one')
    give_codes(susan)
    caplog.set_level(logging.INFO)
    result = runner.invoke(args=['user', 'reset-2fa', 'SUSAN'])
    assert result.exit_code == 0
    assert result.output.strip().endswith('susan logs in with the password alone.')
    assert f"second factor reset: account {susan.id} 'susan', address command line" in caplog.text
    wait_for_threads()
    assert 'have removed the second factor' in caplog.text  # the mail, where there is no server
    assert susan.second_factor() is None
    assert susan.recovery_code_count() == 0
    data = {'username': 'susan', 'password': 'a good one'}
    assert client.post('/auth/login', data=data).location == '/index'


def test_an_account_is_logged_out_everywhere(
    runner: FlaskCliRunner, log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    susan, john = make_user('susan'), make_user('john')
    devices, other = [log_in(susan), log_in(susan)], log_in(john)
    token = susan.get_token()
    db.session.commit()
    result = runner.invoke(args=['user', 'end-sessions', 'susan'])
    assert (result.exit_code, result.output) == (0, 'susan is logged in nowhere any more.\n')
    assert [device.get('/index').status_code for device in devices] == [302, 302]
    assert User.check_token(token) is None
    assert other.get('/index').status_code == 200


@pytest.mark.parametrize('command', ['reset-2fa', 'end-sessions'])
def test_nobody_of_that_name(runner: FlaskCliRunner, command: str) -> None:
    result = runner.invoke(args=['user', command, 'nobody'])
    assert result.exit_code == 1
    assert result.output == "Error: There is no account 'nobody'.\n"
