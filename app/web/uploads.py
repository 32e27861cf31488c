"""Pictures that come in, with a page's form or by the API: whether they are taken, and why not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.media.images import (
    MEGAPIXELS,
    MOST_BYTES,
    BadPictureError,
    BusyError,
    Picture,
    photograph,
)
from app.media.storage import LEFT_ALONE, StorageUnavailableError
from app.models import User
from app.models.media import Media, QuotaExceededError
from app.web import limits

# What a browser offers to choose from.
KINDS = 'image/jpeg, image/png, image/webp, image/gif, image/avif'
MEGABYTES = MOST_BYTES // 1024 // 1024
TOO_LARGE = _l('A picture may have at most %(num)d MB.', num=MEGABYTES)
REASONS = {
    BadPictureError.EMPTY: (400, _l('This file is empty.')),
    BadPictureError.BYTES: (413, TOO_LARGE),
    BadPictureError.PIXELS: (
        400,
        _l('A picture may have at most %(num)d megapixels.', num=MEGAPIXELS),
    ),
    BadPictureError.MEMORY: (
        400,
        _l('This picture takes too much memory. Please make it smaller, or save it as a JPEG.'),
    ),
    BadPictureError.UNREADABLE: (
        400,
        _l('This file cannot be read as a picture. Please choose a JPEG, PNG, WebP, GIF or AVIF.'),
    ),
}
QUOTA = 403, _l('You have stored as many pictures as one may. Please remove some first.')
TOO_OFTEN = 429, _l('You have uploaded too many pictures lately. Please try again in an hour.')
BUSY = 503, _l('There are too many pictures at once right now. Please try again in a minute.')
AWAY = 503, _l('Pictures cannot be stored right now. Please try again later.')
HOUR = 3600  # seconds


class UploadError(Exception):
    """A picture is not taken: the status and the sentence that say why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status)
        self.status = status
        self.message = message

    @property
    def retry_after(self) -> int | None:
        """Return after how many seconds it makes sense to try again, None for never."""
        return {429: HOUR, 503: LEFT_ALONE}.get(self.status)


def receive(user: User, file: IO[bytes], make: Callable[[IO[bytes]], Picture]) -> Picture:
    """Return the picture that `make` makes of a file that `user` sends. Raises UploadError.

    Ends the transaction: nothing holds the database while pictures are made.
    """
    if not limits.allows(limits.UPLOADS, 'upload', str(user.id)):
        raise UploadError(*TOO_OFTEN)
    with explained():
        user.check_quota()
        db.session.commit()
        return make(file)


def receive_photograph(user: User, file: IO[bytes]) -> Media:
    """Store a picture for a post that `user` sends. Raises UploadError."""
    picture = receive(user, file, photograph)
    with explained():
        return user.keep(picture)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what goes wrong with a picture into an UploadError."""
    try:
        yield
    except BadPictureError as error:
        raise UploadError(*REASONS[error.reason]) from error
    except QuotaExceededError as error:
        db.session.rollback()
        raise UploadError(*QUOTA) from error
    except BusyError as error:
        raise UploadError(*BUSY) from error
    except StorageUnavailableError as error:
        raise UploadError(*AWAY) from error
