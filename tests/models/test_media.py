"""Whose pictures are whose: stored once, used by many, gone with the last use."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from tempfile import TemporaryFile
from threading import Barrier, Thread

import pytest
from flask import Flask

from app import db
from app.database import utcnow
from app.media.images import Picture as Files
from app.media.images import avatar, digest_of, file_name, photograph
from app.media.storage import storage
from app.models import Media, Picture, User
from app.models import media as pictures
from app.models.media import QuotaExceededError, tidy
from tests.conftest import MakeUser
from tests.pictures import a_file, wait_for_removals

SIZES = {1: (2048, 640), 2: (2048, 640), 3: (256, 96), 4: (256, 96)}


@pytest.fixture(scope='module')
def made() -> dict[int, Files]:
    """Pictures of no meaning: what makes them is tested in tests/media."""
    return {number: files(number, sizes) for number, sizes in SIZES.items()}


def files(number: int, sizes: tuple[int, int]) -> Files:
    digest = f'{number:02x}' * 16
    return Files(digest, 60, 40, {file_name(digest, size): bytes([number]) * 100 for size in sizes})


def stored() -> set[int]:
    """The numbers of the pictures that lie in the storage."""
    return {int(file.name[:2], 16) for file in storage().everything()}


def test_the_same_picture_is_stored_once(make_user: MakeUser, made: dict[int, Files]) -> None:
    susan, john = make_user('susan'), make_user('john')
    ids = {person.keep(made[1]).id for person in (susan, susan, john)}
    assert len(ids) == 3
    assert db.session.query(Picture).count() == 1
    assert (susan.stored_bytes(), john.stored_bytes()) == (400, 200)
    db.session.delete(susan)
    db.session.commit()
    wait_for_removals()
    assert stored() == {1}
    db.session.delete(john)
    db.session.commit()
    wait_for_removals()
    assert stored() == set()
    assert db.session.query(Picture).count() == db.session.query(Media).count() == 0


def test_an_avatar_takes_the_place_of_the_one_before(
    make_user: MakeUser, made: dict[int, Files]
) -> None:
    susan, john = make_user('susan'), make_user('john')
    gravatar = susan.avatar(128)
    for number in (3, 4):
        susan.set_avatar(made[number])
        wait_for_removals()
        assert stored() == {number}
        digest = f'{number:02x}' * 16
        assert susan.avatar(70) == f'/media/{digest[:2]}/{digest}-96.webp'
        assert susan.avatar(128) == f'/media/{digest[:2]}/{digest}-256.webp'
    susan.set_avatar(made[4])
    john.set_avatar(made[4])
    wait_for_removals()
    susan.set_avatar(None)
    wait_for_removals()
    assert susan.avatar(128) == gravatar
    assert stored() == {4}
    tidy()
    assert stored() == {4}


def test_what_was_not_committed_is_kept(make_user: MakeUser, made: dict[int, Files]) -> None:
    susan = make_user('susan')
    susan.keep(made[1])
    db.session.delete(susan)
    db.session.flush()
    db.session.rollback()
    db.session.commit()
    wait_for_removals()
    assert stored() == {1}


def test_nobody_stores_more_than_the_quota(
    app: Flask, make_user: MakeUser, made: dict[int, Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config['MEDIA_QUOTA'] = 1
    monkeypatch.setattr(pictures, 'MEGABYTE', 300)
    susan, john = make_user('susan'), make_user('john')
    susan.keep(made[1])
    with pytest.raises(QuotaExceededError):
        susan.keep(made[2])
    db.session.rollback()
    john.keep(made[2])
    assert stored() == {1, 2}
    assert db.session.query(Media).count() == 2


def test_an_upload_without_use_goes_after_a_day(
    make_user: MakeUser, made: dict[int, Files]
) -> None:
    susan = make_user('susan')
    old, new = susan.keep(made[1]), susan.keep(made[2])
    susan.set_avatar(made[3])
    for media in db.session.scalars(db.select(Media)):
        media.timestamp = utcnow() - timedelta(hours=25)
    new.timestamp = utcnow() - timedelta(hours=23)
    db.session.commit()
    assert old is not None
    assert tidy() == (1, 0)
    assert stored() == {2, 3}


def test_the_same_upload_twice_at_once(
    app: Flask, make_user: MakeUser, made: dict[int, Files]
) -> None:
    """Of one person and of another, while a third one removes the last use of the same."""
    people = [make_user(f'user{number}').id for number in range(3)]
    db.session.get_one(User, people[2]).set_avatar(made[3])
    together = Barrier(4)
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            with app.app_context():
                together.wait()
                work()
        except BaseException as error:  # noqa: BLE001 (whatever it is)
            failures.append(error)

    def keep(id_: int) -> None:
        db.session.get_one(User, id_).keep(made[3])

    jobs: list[Callable[[], object]] = [partial(keep, id_) for id_ in (*people[:2], people[0])]
    jobs.append(lambda: db.session.get_one(User, people[2]).set_avatar(None))
    threads = [Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for_removals()
    assert failures == []
    assert stored() == {3}
    assert db.session.query(Media).count() == 3
    assert db.session.query(Picture).count() == 1


def test_who_died_while_removing_is_no_obstacle(
    make_user: MakeUser, made: dict[int, Files]
) -> None:
    susan = make_user('susan')
    susan.keep(made[1])
    db.session.query(Media).delete()
    picture = db.session.get_one(Picture, made[1].digest)
    picture.removed_since = utcnow() - timedelta(seconds=61)
    db.session.commit()
    susan.keep(made[1])
    assert stored() == {1}
    assert db.session.get_one(Picture, made[1].digest).removed_since is None
    tidy()
    assert stored() == {1}


def test_real_pictures_of_both_kinds_do_not_mix(make_user: MakeUser) -> None:
    """A square of 256 pixels is the same large file as an avatar and as a photograph."""
    susan = make_user('susan')
    with TemporaryFile() as file:
        file.write(a_file(256, 256, 'PNG'))
        both = avatar(file), photograph(file)
    assert both[0].digest != both[1].digest
    media = susan.keep(both[1])
    susan.set_avatar(both[0])
    susan.set_avatar(None)
    wait_for_removals()
    assert {digest_of(one.name) for one in storage().everything()} == {media.digest}
