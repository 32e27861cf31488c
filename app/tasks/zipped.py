"""The archive with the pictures of a person's posts, as a ZIP file."""

from collections.abc import Iterable, Iterator
from io import RawIOBase
from itertools import chain
from time import localtime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import select

from app.extensions import db
from app.media.images import PATH
from app.media.storage import storage
from app.models import Post
from app.models.media import shots
from app.tasks.archive import BATCH, archive, picture_name


class _Output(RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += data
        return len(data)

    def taken(self) -> bytes:
        data, self.data = bytes(self.data), bytearray()
        return data


# A file of the ZIP file: its name, and what is in it, or the name of a picture in the storage.
Member = tuple[str, Iterable[str] | str]


def zipped(user_id: int) -> Iterator[bytes]:
    """Give a ZIP file with the archive, and with the pictures that it names, in pieces.

    Raises StorageUnavailableError.
    """
    posts: Member = ('posts.json', (piece.text for piece in archive(user_id)))
    return zip_of(chain([posts], pictures(user_id)))


def zip_of(members: Iterable[Member]) -> Iterator[bytes]:
    """Give a ZIP file in pieces. Raises StorageUnavailableError."""
    output = _Output()
    with ZipFile(output, 'w') as file:
        for name, content in members:
            entry = ZipInfo(name, localtime()[:6])
            if isinstance(content, str):
                data = storage().get(content)
                if data is not None:  # not removed a moment ago
                    file.writestr(entry, data)
                yield output.taken()
                continue
            entry.compress_type = ZIP_DEFLATED
            with file.open(entry, 'w', force_zip64=True) as text_file:
                for text in content:
                    text_file.write(text.encode())
                    yield output.taken()
    yield output.taken()


def pictures(user_id: int) -> Iterator[Member]:
    """Give the names of the pictures of a user's posts: in the ZIP file, and where they lie."""
    own = select(Post.id, Post.pictures_json).where(
        Post.user_id == user_id, Post.pictures_json.is_not(None)
    )
    above = 0
    while True:
        rows = db.session.execute(own.where(Post.id > above).order_by(Post.id).limit(BATCH)).all()
        db.session.rollback()
        if not rows:
            return
        above = rows[-1].id
        for row in rows:
            for number, shot in enumerate(shots(row.pictures_json), 1):
                yield picture_name(row.id, number), shot.large.removeprefix(PATH)
