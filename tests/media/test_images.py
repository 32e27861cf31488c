"""What becomes of files that people send: harmless pictures of the right size, or a clear no."""

import json
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageCms

from app.media import images
from app.media.images import BadPictureError, avatar, photograph
from tests.pictures import a_file, decoded, encoded, halves, is_blue, is_red

PLACE = {  # in EXIF: north of the equator, and how far
    1: 'N',
    2: (48.0, 51.0, 30.0),
}
GPS, CAMERA, ORIENTATION = 0x8825, 0x0110, 0x0112
RGB_8, RGBA_16 = b'\x08\x02', b'\x10\x06'  # in the header of a PNG: bits, and kind of colours

pytestmark = pytest.mark.usefixtures('app')


def make(data: bytes, maker: Callable[..., images.Picture] = photograph, **options: Any) -> Any:
    with TemporaryFile() as file:
        file.write(data)
        return maker(file, **options)


def files(picture: images.Picture) -> list[Image.Image]:
    return [decoded(data) for data in picture.files.values()]


def exif(**tags: Any) -> Image.Exif:
    found = Image.Exif()
    for name, value in tags.items():
        found[{'orientation': ORIENTATION, 'camera': CAMERA, 'place': GPS}[name]] = value
    return found


def test_a_photograph_has_two_sizes_under_one_name() -> None:
    picture = make(a_file(3000, 1500))
    large, small = files(picture)
    assert (picture.width, picture.height) == large.size
    assert 1500 < large.width <= 2048
    assert small.size == (640, 320)
    assert {large.format, small.format} == {'WEBP'}
    assert [name.partition('-')[2] for name in picture.files] == ['2048.webp', '640.webp']
    for name in picture.files:
        assert images.digest_of(name) == picture.digest
    assert make(a_file(3000, 1500)).digest == picture.digest
    assert make(a_file(3000, 1502)).digest != picture.digest


def test_a_small_photograph_is_not_made_larger() -> None:
    large, small = files(make(a_file(60, 40)))
    assert large.size == small.size == (60, 40)


@pytest.mark.parametrize(
    ('place', 'left', 'right'), [(0, is_red, is_red), (0.5, is_red, is_blue), (1, is_blue, is_blue)]
)
def test_an_avatar_is_a_square_of_the_picture(place: float, left: Any, right: Any) -> None:
    for data in (a_file(1200, 400), a_file(300, 100, 'PNG')):
        picture = make(data, avatar, place=place)
        side = min(decoded(data).height, 256)
        assert [one.size for one in files(picture)] == [(side, side), (96, 96)]
        for one in files(picture):
            assert left(one.getpixel((3, 50)))
            assert right(one.getpixel((one.width - 4, 50)))


@pytest.mark.parametrize(
    ('orientation', 'red'),
    [(1, (5, 20)), (2, (50, 20)), (3, (50, 20)), (6, (20, 5)), (8, (20, 50))],
)
def test_it_stands_as_the_camera_was_held(orientation: int, red: tuple[int, int]) -> None:
    large, _small = files(make(a_file(60, 40, exif=exif(orientation=orientation))))
    assert large.size == ((60, 40) if orientation < 5 else (40, 60))
    assert is_red(large.getpixel(red))


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'AVIF', 'GIF'])
def test_nothing_but_pixels_is_left(kind: str) -> None:
    """Byte by byte: no place, no camera, no comment, nothing appended."""
    options: dict[str, Any] = {'exif': exif(camera='Secret Camera', place=PLACE)}
    if kind == 'GIF':
        options = {'comment': b'Secret Comment'}
    if kind == 'JPEG':
        options |= {'comment': b'Secret Comment', 'xmp': b'<x>Secret Xmp</x>'}
    sent = a_file(60, 40, kind, **options) + b'Secret Appendix <script>'
    assert b'Secret' in sent
    for data in make(sent).files.values():
        for forbidden in (b'Secret', b'EXIF', b'Exif', b'XMP', b'ICCP', b'script'):
            assert forbidden not in data
        assert not decoded(data).getexif()
        # A RIFF file says how long it is: nothing comes after.
        assert struct.unpack('<I', data[4:8])[0] + 8 == len(data)


def test_a_long_exif_goes_as_well() -> None:
    tags = exif(place=PLACE, camera='Secret ' * 8500)
    sent = a_file(60, 40, exif=tags)
    assert len(sent) > 59_000
    assert all(b'Secret' not in data for data in make(sent).files.values())


@pytest.mark.parametrize('mode', ['L', '1', 'P', 'CMYK', 'I;16', 'LA', 'RGBA'])
def test_every_kind_of_pixel_is_understood(mode: str) -> None:
    for width, height in ((60, 40), (6000, 4000)):
        if mode == 'I;16':
            sent = encoded(Image.new('I;16', (width, height), 40_000), 'PNG')
        elif mode == 'LA':
            sent = encoded(halves(width, height, 'L').convert('LA'), 'PNG')
        else:
            sent = encoded(halves(width, height, mode), 'JPEG' if mode == 'CMYK' else 'PNG')
        large, _small = files(make(sent))
        assert large.width / large.height == pytest.approx(1.5, rel=0.01)
        if mode in ('P', 'CMYK', 'RGBA'):
            assert is_red(large.getpixel((5, 5)))
        if mode == 'I;16':
            red, *_ = large.convert('RGB').getpixel((5, 5))  # type: ignore[misc]
            assert red == pytest.approx(40_000 // 256, abs=3)


def test_what_is_transparent_stays_so() -> None:
    palette = Image.new('P', (60, 40), 1)
    palette.putpalette([*RGB_OF_PALETTE])
    palette.paste(0, (0, 0, 30, 40))
    for sent in (
        encoded(palette, 'PNG', transparency=0),
        encoded(palette, 'GIF', transparency=0),
    ):
        large, _small = files(make(sent))
        assert large.getpixel((5, 20))[3] == 0  # type: ignore[index]
        assert large.getpixel((55, 20))[3] == 255  # type: ignore[index]


RGB_OF_PALETTE = [0, 0, 0, 20, 30, 220]


def test_colours_become_those_of_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    assert is_red(files(make(a_file(60, 40, icc_profile=lab)))[0].getpixel((5, 5)))
    assert is_red(files(make(a_file(60, 40, icc_profile=b'nonsense' * 30)))[0].getpixel((5, 5)))


def test_of_what_moves_the_first_frame_is_taken() -> None:
    first, *others = (Image.new('P', (50, 50), n % 200) for n in range(2000))
    first.putpalette([20, 30, 220] + [220, 20, 30] * 255)
    sent = encoded(first, 'GIF', save_all=True, append_images=others, duration=20, loop=0)
    large, _small = files(make(sent))
    assert getattr(large, 'n_frames', 1) == 1
    assert is_blue(large.getpixel((5, 5)))


def png_of(width: int, height: int, pixels: Iterable[bytes] = (), kind: bytes = RGB_8) -> bytes:
    """A PNG that says it is so large, whatever is in it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', check)

    header = struct.pack('>II', width, height) + kind + bytes(3)
    packer = zlib.compressobj(1)
    packed = b''.join(map(packer.compress, pixels)) + packer.flush()
    parts = [chunk(b'IHDR', header), chunk(b'IDAT', packed), chunk(b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts)


JPEG = a_file(400, 300)
REFUSED = {
    'nothing': (b'', 'empty'),
    'a huge one in few bytes': (png_of(50_000, 50_000, [bytes(4_000_000)]), 'pixels'),
    'more than 50 megapixels': (png_of(7_100, 7_100), 'pixels'),
    'a truncated JPEG': (JPEG[: len(JPEG) // 2], 'unreadable'),
    'a header that lies': (png_of(4_000, 4_000, [bytes(3_000)]), 'unreadable'),
    'SVG': (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', 'unreadable'),
    'HTML': (b'<!doctype html><script>1</script>', 'unreadable'),
    'ZIP': (b'PK\x03\x04' + bytes(100), 'unreadable'),
    'HTML in front of a JPEG': (b'<script>1</script>' + JPEG, 'unreadable'),
    'too many bytes': (JPEG + bytes(images.MOST_BYTES), 'bytes'),
    'TIFF': (a_file(60, 40, 'TIFF'), 'unreadable'),
    'PostScript': (b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n', 'unreadable'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_is_no_picture_is_refused(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(BadPictureError) as caught:
        make(data)
    assert caught.value.reason == reason


def test_a_process_that_fails_is_a_picture_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = tmp_path / 'crashing.py'
    crashing.write_text('import os; os.abort()')
    monkeypatch.setattr(images, 'DECODER', crashing)
    with pytest.raises(BadPictureError):
        make(JPEG)
    crashing.write_text('import time; time.sleep(60)')
    monkeypatch.setattr(images, 'TIME_LIMIT', 0.5)
    with pytest.raises(images.BusyError):
        make(JPEG)


def test_one_at_a_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, 'PATIENCE', 0.1)
    with images._alone(), pytest.raises(images.BusyError):
        make(JPEG)
    make(JPEG)


WHOLE = 8160, 6120  # 50 megapixels


def large(kind: str, mode: str, size: tuple[int, int] = WHOLE, **options: Any) -> bytes:
    return encoded(halves(*size, mode), kind, **options)


def deep_png() -> bytes:
    """50 megapixels, each with four colours of 16 bits."""
    width, height = WHOLE
    return png_of(width, height, (bytes(1 + 8 * width) for _ in range(height)), RGBA_16)


DEMANDING: dict[str, tuple[Callable[[], bytes], str | None]] = {
    'JPEG': (partial(large, 'JPEG', 'RGB'), None),
    'progressive JPEG': (partial(large, 'JPEG', 'RGB', progressive=True), None),
    'progressive CMYK': (partial(large, 'JPEG', 'CMYK', progressive=True), 'memory'),
    'square PNG': (partial(large, 'PNG', 'RGB', (7071, 7071)), None),
    'PNG of half the size': (partial(large, 'PNG', 'RGBA', (4095, 4095)), None),
    'transparent PNG': (partial(large, 'PNG', 'RGBA'), None),
    'PNG of 16 bits': (deep_png, None),
    'GIF': (partial(large, 'GIF', 'P'), None),
    'WebP': (partial(large, 'WEBP', 'RGB', method=0), 'memory'),
    'WebP of a phone': (partial(large, 'WEBP', 'RGBA', (4032, 3024), method=0), None),
    'AVIF': (partial(large, 'AVIF', 'RGB', speed=10), 'memory'),
    'AVIF of a phone': (partial(large, 'AVIF', 'RGB', (4032, 3024), speed=10), None),
}


@pytest.mark.slow
@pytest.mark.parametrize('name', DEMANDING)
def test_large_ones_take_little_memory(tmp_path: Path, name: str) -> None:
    """The process that decodes them has less than 250 MB, or refuses; the worker a few."""
    make_file, refused = DEMANDING[name]
    path = tmp_path / 'picture'
    path.write_bytes(make_file())
    command = [sys.executable, '-I', str(images.DECODER), '{"sizes": [2048, 640], "square": null}']
    measure = (
        'import resource, subprocess, sys;'
        'done = subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.PIPE, check=True);'
        'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);'
        'print(done.stdout.splitlines()[0].decode())'
    )
    with path.open('rb') as file:
        done = subprocess.run(
            [sys.executable, '-c', measure, *command],
            stdin=file,
            capture_output=True,
            text=True,
            check=True,
        )
    memory, answer = done.stdout.splitlines()
    assert int(memory) * 1024 < 250 * 1000 * 1000
    assert json.loads(answer).get('refused') == refused
    tracemalloc.start()
    with path.open('rb') as file, suppress(BadPictureError):
        photograph(file)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5 * 1000 * 1000
