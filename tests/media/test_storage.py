"""Both kinds of storage: what is asked of one is asked of both, also while it is away.

S3 is the server that TEST_S3_COMMAND starts, stops, pauses and erases. Without the variable its
half of the tests is skipped, or fails when CI is set; .ci/run sets it to nothing where there is
none.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import db
from app.database import utcnow
from app.media import storage as storages
from app.media.storage import StorageUnavailableError, storage
from app.models import Media, Picture, User
from app.models.media import tidy
from tests.media.test_images import make
from tests.pictures import a_file, wait_for_removals

COMMAND = os.environ.get('TEST_S3_COMMAND')
KEYS = {'AWS_ACCESS_KEY_ID': 'test', 'AWS_SECRET_ACCESS_KEY': 'test-secret'}


def s3(what: str = 'start') -> str:
    """Have the server do something; give its address."""
    if COMMAND is None and os.environ.get('CI'):
        pytest.fail('TEST_S3_COMMAND is missing: see .ci/run')
    if not COMMAND:
        pytest.skip('There is no S3 server here')
    done = subprocess.run([COMMAND, what], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


@pytest.fixture
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket; gives its address for MEDIA_URL."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3('erase')
    yield f's3://microblog?endpoint={s3()}'
    s3('erase')


@pytest.fixture(params=['folder', 's3_server'])
def app(make_app: Callable[..., Flask], request: pytest.FixtureRequest) -> Iterator[Flask]:
    is_s3 = request.param == 's3_server'
    settings: dict[str, Any] = {'MEDIA_URL': request.getfixturevalue('s3_server')} if is_s3 else {}
    app = make_app(**settings)
    with app.app_context():
        yield app
        db.session.remove()


NAME, OTHER = 'ab/' + 'ab' * 16 + '-640.webp', 'cd/' + 'cd' * 16 + '-640.webp'


@pytest.fixture
def susan(app: Flask) -> User:
    user = User(username='susan', email='susan@example.com')
    db.session.add(user)
    db.session.commit()
    return user


def test_what_is_put_can_be_had_until_it_is_deleted(app: Flask) -> None:
    kept = storage()
    assert kept.get(NAME) is None
    kept.put(NAME, b'old')
    kept.put(NAME, b'new')
    kept.put(OTHER, b'other')
    assert kept.get(NAME) == b'new'
    assert sorted(stored.name for stored in kept.everything()) == [NAME, OTHER]
    assert all(abs(stored.time - utcnow()) < timedelta(minutes=1) for stored in kept.everything())
    kept.delete([NAME, NAME.replace('640', '2048')])
    assert kept.get(NAME) is None
    assert [stored.name for stored in kept.everything()] == [OTHER]
    client = app.test_client()
    response = client.get(f'/media/{OTHER}')
    assert (response.data, response.mimetype) == (b'other', 'image/webp')


def test_a_picture_comes_and_goes(app: Flask, susan: User) -> None:
    media = susan.keep(make(a_file()))
    names = [stored.name for stored in storage().everything()]
    assert len(names) == 2
    assert all(media.digest in name for name in names)
    db.session.delete(susan)
    db.session.commit()
    wait_for_removals()
    assert list(storage().everything()) == []
    assert db.session.query(Picture).count() == 0


@pytest.mark.parametrize('app', ['s3_server'], indirect=True)
@pytest.mark.parametrize('fault', ['stop', 'kill', 'pause'])
def test_a_server_that_is_away_costs_a_moment(app: Flask, susan: User, fault: str) -> None:
    storage().put(NAME, b'there')
    picture = make(a_file())
    s3(fault)
    client = app.test_client()
    start = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        susan.keep(picture)
    assert time.monotonic() - start < 2 * storages.ANSWER_TIME + storages.CONNECT_TIME
    # The next ones do not wait at all.
    start = time.monotonic()
    for _each in range(20):
        response = client.get(f'/media/{NAME}')
        assert (response.status_code, response.headers['Retry-After']) == (503, '10')
    assert time.monotonic() - start < 1
    assert client.get('/auth/login').status_code == 200
    s3('resume' if fault == 'pause' else 'start')
    app.extensions['media'].silent_until = 0
    assert client.get(f'/media/{NAME}').data == b'there'
    # What was begun is no obstacle, and nothing of it stays.
    wait_for_removals()
    media = susan.keep(picture)
    assert client.get(f'/media/{media.digest[:2]}/{media.digest}-640.webp').status_code == 200
    tidy()
    assert db.session.query(Picture).count() == 1


@pytest.fixture
def folder(app: Flask) -> Path:
    return Path(app.instance_path, 'media')


@pytest.mark.parametrize('app', ['folder'], indirect=True)
def test_a_full_disk_leaves_nothing_behind(
    app: Flask, folder: Path, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, 'No space left on device')

    picture = make(a_file())
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        with pytest.raises(StorageUnavailableError, match='disk is full'):
            susan.keep(picture)
    wait_for_removals()
    assert [path for path in folder.rglob('*') if path.is_file()] == []
    assert db.session.query(Picture).count() == 0


@pytest.mark.parametrize('written', [0, 1])
@pytest.mark.parametrize('comes_back', [True, False])
def test_a_process_that_dies_between_row_and_files_leaves_nothing_for_good(
    app: Flask, susan: User, monkeypatch: pytest.MonkeyPatch, written: int, comes_back: bool
) -> None:
    class KilledError(BaseException):
        """Nobody has the time to clear up."""

    put = storage().put
    names: list[str] = []

    def die(name: str, data: bytes) -> None:
        if len(names) == written:
            raise KilledError
        names.append(name)
        put(name, data)

    picture = make(a_file())
    with monkeypatch.context() as patch:
        patch.setattr(storage(), 'put', die)
        with pytest.raises(KilledError):
            susan.keep(picture)
    db.session.remove()
    assert [stored.name for stored in storage().everything()] == names
    if comes_back:
        db.session.scalars(db.select(User)).one().keep(picture)
        assert len([*storage().everything()]) == 2
    db.session.execute(db.update(Media).values(timestamp=utcnow() - timedelta(hours=25)))
    db.session.commit()
    tidy()
    assert [*storage().everything()] == []
    assert db.session.query(Picture).count() == db.session.query(Media).count() == 0


@pytest.mark.parametrize('app', ['folder'], indirect=True)
def test_tidy_removes_what_a_crash_has_left(app: Flask, folder: Path, susan: User) -> None:
    kept = susan.keep(make(a_file()))
    storage().put(NAME, b'no row knows it')
    half = folder / 'ab' / '.draft-0123'
    half.write_bytes(b'half')
    fresh = folder / 'ab' / '.draft-4567'
    fresh.write_bytes(b'being written')
    os.utime(half, (0, 0))
    foreign = folder / 'ab' / 'README'
    foreign.write_text('of somebody else')
    # A row whose process was killed before it wrote the files, and nobody came back for it.
    db.session.add(Picture(digest='ef' * 16, width=1, height=1, size=1))
    db.session.commit()
    assert tidy() == (1, 2)
    left = {path.name for path in folder.rglob('*') if path.is_file()}
    assert left == {
        *(f'{kept.digest}-{size}.webp' for size in (2048, 640)),
        'README',
        '.draft-4567',
    }
    assert tidy() == (0, 0)


@pytest.mark.parametrize('app', ['folder'], indirect=True)
def test_other_users_of_the_machine_may_read(app: Flask, folder: Path, susan: User) -> None:
    susan.keep(make(a_file()))
    [mode] = {path.stat().st_mode & 0o777 for path in folder.rglob('*.webp')}
    assert mode == 0o644
