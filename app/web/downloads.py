"""Files that are made while they are sent."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from flask import Response, stream_with_context


def download(pieces: Iterator[Any], name: str, mimetype: str) -> Response:
    """Send a file in pieces. A database that is away is noticed before the answer has begun."""
    first = list(islice(pieces, 1))
    return Response(
        stream_with_context(chain(first, pieces)),
        mimetype=mimetype,
        headers={'Content-Disposition': f'attachment; filename={name}'},
    )
