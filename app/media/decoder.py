"""Makes the pictures that are kept out of a file that somebody has sent: a program of its own.

images.py runs it, a process for each file: what a decoder does to a hostile one, and the memory
that a large one takes, ends with it. It knows nothing of the site, and starts in no time.

The file is its standard input. It writes a line of JSON, and what that counts the bytes of: WebP,
encoded anew from nothing but pixels. So the place, the camera, comments and whatever was hidden
behind the picture are gone.
"""

import io
import json
import resource
import sys
import warnings
from typing import Any

from PIL import AvifImagePlugin, Image, ImageCms, UnidentifiedImageError

FORMATS = ['JPEG', 'PNG', 'WEBP', 'GIF', 'AVIF']
MOST_PIXELS = 50 * 1000 * 1000
# Bytes of data: 50 megapixels of RGB or RGBA, a ninth of them made small, and all around. With the
# pages of Python and Pillow themselves, which it shares, the process has less than 250 MB.
MOST_MEMORY = 238 * 1000 * 1000
MOST_TIME = 15  # seconds of a processor
LARGE = 1000 * 1000  # bytes that a picture should not have more of
QUALITIES = [80, 60, 40]  # the first that makes it no larger than that, else the last
METHOD = 2  # of 0 to 6; half the time of 3, for some 3 % more bytes
# How much of the wanted size is enough where a JPEG can be read at 1/2, 1/4 or 1/8: nobody sees the
# difference between 2,000 and 2,048 pixels, and the whole takes four times as long.
ENOUGH = 0.75
BAND = 8  # rows of the result that are made at a time

ORIENTATION = 0x0112  # in EXIF: how the camera was held, and what puts that right
ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Pixels = Image.Image


class RefusedError(Exception):
    """The file is not what we take: one of images.py's reasons."""


def make(file: Any, sizes: list[int], square: float | None) -> dict[str, Any]:
    """Return the picture in `file` at each of `sizes`, the most pixels of its longer side.

    For a square, `square` says how far from its beginning that is cut, 0 to 1.
    """
    # (Only what is small by now is kept: the whole goes before anything is made of it.)
    whole, orientation, profile = _read(file, max(sizes), square is not None)
    whole = _oriented(whole, orientation)
    if square is not None:
        whole = _square(whole, square)
    whole.thumbnail((max(sizes), max(sizes)), Image.Resampling.LANCZOS)
    whole = _in_srgb(whole, profile)
    width, height = whole.size
    encoded = []
    for size in sizes:
        whole.thumbnail((size, size), Image.Resampling.LANCZOS)
        encoded.append(_encoded(whole))
    return {'width': width, 'height': height, 'encoded': encoded}


def _read(file: Any, size: int, is_square: bool) -> tuple[Pixels, int, bytes | None]:
    """Return the picture, no larger than needed, its orientation and its profile of colours."""
    # What is too large is found out here, before anything is decoded.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    # Each thread would have memory of its own, for its stack and for a part of the picture.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    takes_much = False
    try:
        picture = Image.open(file, formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise RefusedError('pixels')
        # (Not before: a decoder may reserve room at once that it never uses.)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        takes_much = _takes_much(picture)
        orientation = _orientation(picture)
        profile = picture.info.get('icc_profile')
        return _reduced(picture, size, is_square), orientation, profile
    except Image.DecompressionBombError:
        raise RefusedError('pixels') from None
    except (MemoryError, RuntimeError) as error:
        # (AVIF calls it the latter.)
        raise RefusedError('memory') from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise RefusedError('memory' if takes_much else 'unreadable') from error


def _takes_much(picture: Pixels) -> bool:
    """Tell whether a decoder that does not say why it fails may well have had too little memory."""
    many = {'WEBP': 4 * 4, 'JPEG': 2 * len(picture.getbands())}  # bytes that it has of each pixel
    if picture.format == 'JPEG' and 'progressive' not in picture.info:
        return False
    return picture.width * picture.height * many.get(picture.format or '', 0) > MOST_MEMORY * 0.9


def _orientation(picture: Pixels) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (what a camera has written can be anything)
        return 1


def _reduced(picture: Pixels, size: int, is_square: bool) -> Pixels:
    """Read the first frame, no larger than needed: a JPEG as it is decoded, others band by band."""
    side = min(picture.size) if is_square else max(picture.size)
    scale = min(size * (1 if is_square else ENOUGH) / side, 1)
    picture.draft('', (round(picture.width * scale), round(picture.height * scale)))
    picture.load()
    side = min(picture.size) if is_square else max(picture.size)
    factor = max(side // size, 1)
    mode = _plain(picture.crop((0, 0, 1, 1))).mode
    target = Image.new(mode, (-(-picture.width // factor), -(-picture.height // factor)))
    rows = BAND * factor
    for top in range(0, picture.height, rows):
        band = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        target.paste(_plain(band).reduce(factor), (0, top // factor))
    return target


def _plain(picture: Pixels) -> Pixels:
    """Return the picture in one of the four ways to write a pixel that all else here knows."""
    if picture.mode.startswith('I'):
        # 16 bits of grey, of which the upper ones are seen.
        return picture.convert('I').point(lambda value: value * (1 / 256)).convert('L')
    if picture.mode in ('LA', 'La', 'PA', 'RGBa') or 'transparency' in picture.info:
        return picture.convert('RGBA')
    return picture if picture.mode in ('L', 'RGB', 'RGBA', 'CMYK') else picture.convert('RGB')


def _in_srgb(picture: Pixels, profile: bytes | None) -> Pixels:
    """Return the picture in the one space of colours that every browser knows."""
    alpha = picture.getchannel('A') if picture.mode == 'RGBA' else None
    colours = picture.convert('RGB') if alpha else picture
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                colours,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile('sRGB'),
                outputMode='RGB',
            )
            colours = converted or colours
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that is none, or one of other colours than the picture has
    # Into a picture of its own, which has nothing but pixels.
    plain = Image.new('RGB', colours.size)
    plain.paste(colours.convert('RGB'))
    if alpha:
        plain.putalpha(alpha)
    return plain


def _oriented(picture: Pixels, orientation: int) -> Pixels:
    """Turn the picture as the camera was held."""
    if orientation not in ROTATIONS:
        return picture
    return picture.transpose(ROTATIONS[orientation])


def _square(picture: Pixels, place: float) -> Pixels:
    side = min(picture.size)
    left, top = (round((length - side) * place) for length in picture.size)
    return picture.crop((left, top, left + side, top + side))


def _encoded(picture: Pixels) -> bytes:
    data = b''
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(
            buffer, 'WEBP', quality=quality, method=METHOD, exif=b'', xmp=b'', icc_profile=b''
        )
        data = buffer.getvalue()
        if len(data) <= LARGE:
            break
    return data


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_TIME, MOST_TIME))
    warnings.simplefilter('ignore')
    encoded: list[bytes] = []
    try:
        answer = make(sys.stdin.buffer, **json.loads(sys.argv[1]))
        encoded = answer.pop('encoded')
        answer['lengths'] = [len(data) for data in encoded]
    except RefusedError as error:
        answer = {'refused': str(error)}
    except MemoryError:
        answer = {'refused': 'memory'}
    sys.stdout.buffer.write(b''.join([json.dumps(answer).encode(), b'\n', *encoded]))


if __name__ == '__main__':
    main()
