"""Who the pages are for."""

import pytest

from app.models import User
from tests.conftest import MakeUser


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')
