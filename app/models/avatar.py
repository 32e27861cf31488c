"""The pictures of people (chapter 6)."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any


class Pictured:
    """Somebody with an address, and therefore with a picture."""

    if TYPE_CHECKING:
        email: Any

    def avatar(self, size: int) -> str:
        """Return the address of the person's picture, `size` pixels wide and high.

        The one place to change for another provider of pictures, beside app/web/headers.py.
        """
        digest = sha256(self.email.lower().encode()).hexdigest()
        return f'https://www.gravatar.com/avatar/{digest}?d=identicon&s={size}'
