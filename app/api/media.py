"""Pictures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from apifairy import other_responses, response
from flask import abort, request

from app.api.auth import caller, needs
from app.api.blueprint import bp
from app.api.errors import bad_request, try_later
from app.api.schemas import MediaSchema, UserEntrySchema
from app.errors.handlers import json_error
from app.media.images import avatar
from app.models.api_token import ACCOUNT, WRITE
from app.web.incoming import Request
from app.web.uploads import UploadError, explained, receive, receive_photograph

FORM = 'multipart/form-data'
RAW = ['image/', 'application/octet-stream']  # how the types of bodies begin that are a file
FILE = {'type': 'string', 'format': 'binary'}
# For the reference: what openapi.py cannot see in a schema.
BODY = {
    'required': True,
    'content': {
        FORM: {'schema': {'type': 'object', 'properties': {'file': FILE}, 'required': ['file']}},
        'application/octet-stream': {'schema': FILE},
    },
}
MUST_BE = 'must include file field, or be a picture with a type like image/jpeg'
FULL = {403: 'The account has stored as much as one may'}


def takes_a_picture(view: Callable[..., Any]) -> Any:
    """Say in the OpenAPI document that a view takes a file, and what then can go wrong."""
    documented: Any = other_responses(FULL)(view)
    documented.request_body = BODY
    return documented


@bp.route('/media', methods=['POST'])
@needs(WRITE)
@takes_a_picture
@response(MediaSchema, 201)
def upload_media() -> Any:
    """Upload a picture, for a post: JPEG, PNG, WebP, GIF or AVIF, at most 15 MB.

    One that no post uses within a day is removed.
    """
    with refused():
        return receive_photograph(caller(), uploaded_file()), 201


@bp.route('/me/avatar', methods=['PUT'])
@needs(ACCOUNT)
@takes_a_picture
@response(UserEntrySchema)
def set_avatar() -> Any:
    """Upload a picture of oneself, of which the middle square is shown from now on."""
    with refused():
        picture = receive(caller(), uploaded_file(), avatar)
        with explained():
            caller().set_avatar(picture)
    return caller()


@bp.route('/me/avatar', methods=['DELETE'])
@needs(ACCOUNT)
def delete_avatar() -> tuple[str, int]:
    """Remove the own picture."""
    caller().set_avatar(None)
    return '', 204


@contextmanager
def refused() -> Iterator[None]:
    """Answer why a picture is not taken."""
    try:
        yield
    except UploadError as error:
        if error.retry_after is not None:
            abort(try_later(error.status, str(error.message), error.retry_after))
        abort(json_error(error.status, str(error.message)))


def uploaded_file() -> IO[bytes]:
    """Return the file in the body: that of a form, or the whole."""
    if request.mimetype == FORM:
        sent = request.files.get('file')
        if sent is None:
            abort(bad_request(MUST_BE, {'file': ['Missing data for required field.']}))
        return sent.stream
    if not request.mimetype.startswith(tuple(RAW)):
        abort(bad_request(MUST_BE))
    return cast(Request, request).body_as_file()
