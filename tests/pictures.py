"""Pictures for the tests, and waiting for those that go."""

import io
import threading
from typing import Any

from PIL import Image
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

RED, BLUE = (220, 20, 30), (20, 30, 220)


def halves(width: int, height: int, mode: str = 'RGB') -> Image.Image:
    """A picture whose left half is red, and its right half blue."""
    picture = Image.new('RGB', (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture.convert(mode)


def encoded(picture: Image.Image, kind: str = 'JPEG', **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def a_file(width: int = 60, height: int = 40, kind: str = 'JPEG', **options: Any) -> bytes:
    return encoded(halves(width, height), kind, **options)


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def is_red(colour: Any) -> bool:
    red, _green, blue = colour[:3]
    return bool(red > 150 and blue < 100)


def is_blue(colour: Any) -> bool:
    red, _green, blue = colour[:3]
    return bool(blue > 150 and red < 100)


def wait_for_removals() -> None:
    """Wait until pictures are gone that a commit has left to nobody."""
    for thread in threading.enumerate():
        if thread.name == 'remove_unused_pictures':
            thread.join()


def form_with(**fields: Any) -> dict[str, Any]:
    """What a client sends of a form with files, (content, name): no file is left open for it."""
    values = MultiDict(
        (name, FileStorage(io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value)
        for name, several in fields.items()
        for value in (several if isinstance(several, list) else [several])
    )
    boundary, data = encode_multipart(values)
    return {'data': data, 'content_type': f'multipart/form-data; boundary={boundary}'}
