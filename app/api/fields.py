"""The kinds of values that come in and go out as JSON, with the rules of the site's forms."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from flask import current_app, url_for
from marshmallow import ValidationError, fields

from app.database import LARGEST_ID
from app.text import (
    EMAIL_LENGTH,
    USERNAME_LENGTH,
    clean_body,
    is_plain,
    is_storable,
    normalize_name,
)


class Text(fields.String):
    """What people write: 1 (or 0) to `most` code points, counted as it is stored."""

    def __init__(self, *, least: int = 0, most: int, **kwargs: Any) -> None:
        metadata = {
            'minLength': least,
            'description': f'{least} to {most} characters (Unicode code points), not counting '
            'white space at both ends, which is removed',
            **kwargs.pop('metadata', {}),
        }
        super().__init__(metadata=metadata, **kwargs)
        self.least = least
        self.most = most

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = clean_body(super()._deserialize(*args, **kwargs))
        if not self.least <= len(text) <= self.most:
            raise ValidationError(f'This must have {self.least} to {self.most} characters.')
        if not is_plain(text):
            raise ValidationError('This text contains characters that cannot be stored.')
        return text


class Username(fields.String):
    """A username in its one spelling. Whether it may be chosen is for the schema to check."""

    def __init__(self, **kwargs: Any) -> None:
        description = (
            f'1 to {USERNAME_LENGTH} letters, digits and these characters: _ . @ + - '
            '(unique without regard to case)'
        )
        super().__init__(metadata={'minLength': 1, 'description': description}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return normalize_name(super()._deserialize(*args, **kwargs))


class Email(fields.String):
    """An e-mail address. Whether it is one is for the schema to check."""

    def __init__(self, **kwargs: Any) -> None:
        description = f'at most {EMAIL_LENGTH} characters, those before the @ of ASCII'
        metadata = {'format': 'email', 'description': description}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        email: str = super()._deserialize(*args, **kwargs)
        return email.strip()


class Password(fields.String):
    """A password as it was typed."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        password: str = super()._deserialize(*args, **kwargs)
        if not is_storable(password):
            raise ValidationError('This text contains characters that cannot be stored.')
        return password


class NewPassword(Password):
    """A password that is long enough."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={'minLength': 1, 'format': 'password'}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        password = super()._deserialize(*args, **kwargs)
        least = current_app.config['PASSWORD_MIN_LENGTH']
        if len(password) < least:
            raise ValidationError(f'A password must have at least {least} characters.')
        return password


class Flag(fields.Boolean):
    """`true` or `false`, and nothing that could be meant by one of them."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error('invalid', input=value)
        return value


class UTC(fields.DateTime):
    """A time in UTC, as ISO 8601 with `Z` at its end and microseconds if there are any."""

    def _serialize(self, value: datetime | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else f'{value.isoformat()}Z'


class Id(fields.Integer):
    """The id of an entry; a number that none can have is that of nobody."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> int:
        number: int = super()._deserialize(*args, **kwargs)
        return number if 0 < number <= LARGEST_ID else 0


class Links(fields.Nested):
    """The addresses that belong to an entry: a schema that looks at the entry itself."""

    def get_value(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return obj if self.attribute is None else super().get_value(obj, *args, **kwargs)


def link(endpoint: str, attribute: str = 'id') -> fields.Function:
    """Return a field with the path of `endpoint`, whose `id` is an attribute of the entry."""
    id_of = attrgetter(attribute)
    return fields.Function(
        lambda entry: url_for(endpoint, id=id_of(entry)),
        metadata={'type': 'string', 'format': 'uri-reference'},
    )
