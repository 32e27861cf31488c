"""What comes in: requests, of which only so much is read as anybody can mean."""

import os
import shutil
from functools import cached_property
from http import HTTPStatus
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, cast

import flask
from flask import Flask, abort, request
from werkzeug.datastructures import Authorization, LanguageAccept, MIMEAccept
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_accept_header

from app.media.images import MOST_BYTES
from app.models.media import MOST_PICTURES

LONGEST_ADDRESS = 20 * 1024  # bytes of path and query; gunicorn ends them at 4,094
LONGEST_CHOICE = 500  # characters of a header that lists what a browser likes
MOST_FIELDS = 100  # of a form, or of the query of an address
MOST_LINES = 1000  # of a form in parts, where each field has a few beside its own
BESIDE_FILES = 64 * 1024  # bytes of a form that has files
# By the kind of form, what there is one of for each of them.
MOST = {
    'application/x-www-form-urlencoded': (b'&', MOST_FIELDS),
    'multipart/form-data': (b'\n', MOST_LINES),
}


# Views that take files, and the most bytes that a request to one can have. Every server in front
# knows their addresses too: deployment/.
UPLOADS = {
    'main.index': MOST_PICTURES * MOST_BYTES + BESIDE_FILES,
    'main.post': MOST_PICTURES * MOST_BYTES + BESIDE_FILES,
    'main.edit_post': MOST_PICTURES * MOST_BYTES + BESIDE_FILES,
    'main.upload_picture': MOST_BYTES + BESIDE_FILES,
    'main.edit_profile': MOST_BYTES + BESIDE_FILES,
    'api.upload_media': MOST_BYTES + BESIDE_FILES,
    'api.set_avatar': MOST_BYTES + BESIDE_FILES,
}
# Short forms whose file is a list with many lines, of which each is looked at.
LISTS = {'settings.import_follows'}


class MostlyFiles:
    """A form that is read, until too much of it has turned out to be in no file."""

    def __init__(self, stream: IO[bytes], files: list[IO[bytes]]) -> None:
        self.stream = stream
        self.files = files
        self.length = 0

    def read(self, size: int = -1) -> bytes:
        in_files = sum(os.fstat(file.fileno()).st_size for file in self.files)
        if self.length - in_files > BESIDE_FILES:
            raise RequestEntityTooLarge
        data = self.stream.read(size)
        self.length += len(data)
        return data


class Request(flask.Request):
    """A request whose long lists end early: to look at all of one would take its time."""

    def __init__(self, environ: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(environ, **kwargs)
        self.received: list[IO[bytes]] = []  # files, also of a form that was refused half read
        if self.query_string.count(b'&') >= MOST_FIELDS:
            arguments = self.query_string.split(b'&', MOST_FIELDS)
            self.query_string = b'&'.join(arguments[:MOST_FIELDS])

    @cached_property
    def accept_languages(self) -> LanguageAccept:
        return parse_accept_header(self._beginning('Accept-Language'), LanguageAccept)

    @cached_property
    def accept_mimetypes(self) -> MIMEAccept:
        return parse_accept_header(self._beginning('Accept'), MIMEAccept)

    @cached_property
    def authorization(self) -> Authorization | None:
        shown = self.headers.get('Authorization')
        # What is not of ASCII is no password in Base64, and nothing that can be read as one.
        return Authorization.from_header(shown) if shown and shown.isascii() else None

    def make_form_data_parser(self) -> FormDataParser:
        """Refuse a form of more fields, or more about them, than one of ours can have."""
        # One with files is left to the parser, which stops at as many parts.
        is_long = self.mimetype == 'multipart/form-data' and (
            self.content_length is None or self.content_length > BESIDE_FILES
        )
        is_list = self.mimetype == 'multipart/form-data' and self.endpoint in LISTS
        if self.mimetype in MOST and not is_list and not (is_long and self.endpoint in UPLOADS):
            separator, most = MOST[self.mimetype]
            if self.get_data().count(separator) >= most:
                raise RequestEntityTooLarge
        return super().make_form_data_parser()

    def _get_stream_for_parsing(self) -> IO[bytes]:
        stream = super()._get_stream_for_parsing()
        if self.endpoint in UPLOADS and self.mimetype == 'multipart/form-data':
            return cast(IO[bytes], MostlyFiles(stream, self.received))
        return stream

    def _get_file_stream(self, *_facts: Any, **_more: Any) -> IO[bytes]:
        if self.endpoint in UPLOADS:
            return self._new_file()
        # No other form of ours has a file. What is sent as one is short enough to wait in memory,
        # where nothing is left of it when the rest is refused.
        return BytesIO()

    def _new_file(self) -> IO[bytes]:
        self.received.append(TemporaryFile())  # noqa: SIM115 (closed with the request)
        return self.received[-1]

    def body_as_file(self) -> IO[bytes]:
        """Return a file with the whole body, which is gone with the request."""
        file = self._new_file()
        shutil.copyfileobj(self.stream, file)
        return file

    def close(self) -> None:
        super().close()
        for file in self.received:
            file.close()

    def _beginning(self, header: str) -> str:
        return self.headers.get(header, '')[:LONGEST_CHOICE]


def refuse_long_address() -> None:
    if len(request.environ.get('PATH_INFO', '')) + len(request.query_string) > LONGEST_ADDRESS:
        abort(HTTPStatus.REQUEST_URI_TOO_LONG)


def expect_files() -> None:
    """Let requests be longer that bring files. (Before anything looks at their forms.)"""
    can_have_files = request.mimetype != 'application/x-www-form-urlencoded'
    if request.endpoint in UPLOADS and request.method != 'GET' and can_have_files:
        request.max_content_length = UPLOADS[request.endpoint]


def init_app(app: Flask) -> None:
    app.request_class = Request
    app.config['MAX_FORM_PARTS'] = MOST_FIELDS
    app.before_request(refuse_long_address)
    app.before_request(expect_files)
