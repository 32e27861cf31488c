"""The pictures of people (chapter 6)."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from app.media.images import AVATARS, PATH, file_name


class Pictured:
    """Somebody with a picture of their own, or with an address, and therefore with one."""

    if TYPE_CHECKING:
        email: Any
        avatar_digest: Any

    def avatar(self, size: int) -> str:
        """Return the address of the person's picture, at least `size` pixels wide and high.

        That of their own is a path below the one that the application is mounted at (picture_url
        in app/web/pictures.py). The one place to change for another provider of pictures, beside
        app/web/headers.py.
        """
        if self.avatar_digest is not None:
            large_enough = (width for width in AVATARS if width >= size)
            return PATH + file_name(self.avatar_digest, min(large_enough, default=max(AVATARS)))
        digest = sha256(self.email.lower().encode()).hexdigest()
        return f'https://www.gravatar.com/avatar/{digest}?d=identicon&s={size}'
