"""What comes in and what goes out, declared once: for checks, for answers and for the reference.

Keys that are not declared are ignored when they come in, as in the tutorial.
"""

from typing import Any, NoReturn

from email_validator import EmailNotValidError, validate_email
from flask import abort
from flask_marshmallow import Schema
from marshmallow import (
    EXCLUDE,
    ValidationError,
    fields,
    missing,
    pre_load,
    validate,
    validates,
    validates_schema,
)

from app.api.auth import token_auth
from app.api.errors import bad_request
from app.api.fields import UTC, Email, Flag, Id, Links, NewPassword, Password, Text, Username, link
from app.media.images import LARGE, PATH, SMALL, file_name
from app.models import User
from app.models.activity import ANSWER, FOLLOW, LIKE, MENTION, REPOST
from app.models.media import ALT_LENGTH, MOST_PICTURES
from app.names import flaw_of
from app.text import BODY_LENGTH, EMAIL_LENGTH, USERNAME_LENGTH
from app.weak_passwords import weakness_of
from app.web.pictures import picture_url

AVATAR_SIZE = 128  # pixels
NOINDEX = 'whether search engines are asked to leave out this person'
PATH_OF_A_FILE = {'type': 'string', 'format': 'uri-reference'}
PICTURE_ADDRESS = {
    'type': ['string', 'null'],
    'format': 'uri-reference',
    'description': 'a path of this site, or an address of Gravatar, where the site asks that',
}
MISSING = fields.Field.default_error_messages['required']


def says(description: str) -> dict[str, Any]:
    """Return what tells in the reference of a field."""
    return {'metadata': {'description': description}}


def picture_link(size: int) -> fields.Function:
    """Return a field with the path of a picture's file of that size."""
    return fields.Function(
        lambda media: picture_url(PATH + file_name(media.digest, size)), metadata=PATH_OF_A_FILE
    )


def _flat(messages: Any) -> list[str]:
    """Return the messages for a field; those for a list come by the number of the item."""
    if isinstance(messages, dict):
        return [message for several in messages.values() for message in _flat(several)]
    return list(messages)


class InputSchema(Schema):
    """What comes in. What is wrong with it ends the request with a 400."""

    class Meta:
        unknown = EXCLUDE

    def must_be(self) -> str:
        """Say what is wanted, in the tutorial's words."""
        required = [name for name, field in self.load_fields.items() if field.required]
        if not required:
            return 'the body must be a JSON object'
        *others, last = required
        names = f'{", ".join(others)} and {last} fields' if others else f'{last} field'
        return f'must include {names}'

    def handle_error(
        self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any
    ) -> NoReturn:
        found: Any = error.messages
        errors = {name: _flat(messages) for name, messages in found.items()}
        name, messages = next(iter(errors.items()))
        is_missing = any(MISSING in messages for messages in errors.values())
        abort(bad_request(self.must_be() if is_missing else f'{name}: {messages[0]}', errors))


class AnswerSchema(Schema):
    """What goes out. All of it is always there, but for what is `optional`."""

    optional: frozenset[str] = frozenset()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = field_name not in self.optional


class LocationSchema(AnswerSchema):
    """Where the new entry is."""

    Location = fields.String(metadata={'format': 'uri-reference'})


class PersonSchema(InputSchema):
    """What people say of themselves."""

    username = Username()
    email = Email()
    about_me = Text(most=BODY_LENGTH, allow_none=True)

    @pre_load
    def leave_out_what_stays(self, data: Any, **_kwargs: Any) -> Any:
        """Keep what one has as it is, whatever the rules were when it was chosen."""
        user = token_auth.current_user()
        stays = {'username': user.username, 'email': user.own_email} if user else {}
        return {
            name: value for name, value in data.items() if name not in stays or value != stays[name]
        }

    @validates('username')
    def check_username(self, username: str, **_kwargs: Any) -> None:
        if not 1 <= len(username) <= USERNAME_LENGTH:
            raise ValidationError(f'A username has 1 to {USERNAME_LENGTH} characters.')
        flaw = flaw_of(username)
        if flaw is not None:
            raise ValidationError(str(flaw))

    @validates('email')
    def check_email(self, email: str, **_kwargs: Any) -> None:
        if len(email) > EMAIL_LENGTH:
            raise ValidationError(f'This can have at most {EMAIL_LENGTH} characters.')
        try:
            validate_email(email, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError:
            raise ValidationError('Not a valid email address.') from None


class ProfileSchema(PersonSchema):
    """What people can change about themselves; what is left out stays."""

    current_password = Password(**says('needed for a new e-mail address, for nothing else'))
    noindex = Flag(metadata={'description': NOINDEX})


class NewPasswordSchema(InputSchema):
    """What has a new `password`, for whoever is in the same body or shows a token."""

    @validates_schema
    def check_password(self, data: Any, **_kwargs: Any) -> None:
        """Refuse what the pages refuse."""
        user = token_auth.current_user()
        known = [user.username, user.own_email] if user else [data['username'], data['email']]
        weakness = weakness_of(data['password'], known)
        if weakness is not None:
            raise ValidationError(str(weakness), 'password')


class RegistrationSchema(PersonSchema, NewPasswordSchema):
    """A new account."""

    username = Username(required=True)
    email = Email(required=True)
    password = NewPassword(required=True)
    invitation = fields.String(
        metadata={'description': 'the code of an invitation, where the site wants one'}
    )


class PasswordChangeSchema(NewPasswordSchema):
    """A new password, and the present one."""

    current_password = Password(required=True)
    password = NewPassword(required=True)


class DeletionSchema(InputSchema):
    """The password, for what cannot be undone."""

    password = Password(required=True)


class CodeSchema(InputSchema):
    """What an account with a second factor shows beside its password."""

    code = fields.String(
        data_key='X-OTP',
        metadata={'description': 'A code, where the account has a second factor'},
    )


class TokenSchema(AnswerSchema):
    """A token, good for an hour."""

    token = fields.String()


class UserLinksSchema(AnswerSchema):
    """Where to read on."""

    self = link('api.get_user')
    followers = link('api.get_followers')
    followed = link('api.get_followed')
    posts = link('api.get_user_posts')
    avatar = fields.Function(
        lambda user: picture_url(user.avatar(AVATAR_SIZE)), metadata=PICTURE_ADDRESS
    )


class UserSchema(AnswerSchema):
    """Somebody, as others see them."""

    id = fields.Integer()
    username = fields.String()
    last_seen = UTC(allow_none=True)
    about_me = fields.String(allow_none=True)
    post_count = fields.Integer()
    follower_count = fields.Integer()
    followed_count = fields.Integer()
    _links = Links(UserLinksSchema)


def own_email(user: User) -> Any:
    """Return the e-mail address to whom it belongs to; others do not so much as see a key."""
    return user.own_email if token_auth.current_user() in (None, user) else missing


def own_noindex(user: User) -> Any:
    """Return what is shown to its owner alone; for robots it stands in the pages."""
    return user.noindex if token_auth.current_user() in (None, user) else missing


class UserEntrySchema(UserSchema):
    """Somebody, or oneself: then with the e-mail address."""

    optional = frozenset({'email', 'noindex'})

    email = fields.Function(
        own_email,
        metadata={'type': 'string', 'format': 'email', 'description': 'only in the own entry'},
    )
    noindex = fields.Function(
        own_noindex,
        metadata={'type': 'boolean', 'description': f'only in the own entry: {NOINDEX}'},
    )


class EditedPostSchema(InputSchema):
    """What a post is to say and show."""

    body = Text(
        least=0,
        most=BODY_LENGTH,
        required=True,
        **says(f'1 to {BODY_LENGTH} characters; with pictures, none is enough'),
    )
    media = fields.List(
        Id(),
        validate=validate.Length(max=MOST_PICTURES),
        **says('ids of pictures from `POST /api/media`, in their order'),
    )
    alt = fields.List(
        Text(most=ALT_LENGTH),
        validate=validate.Length(max=MOST_PICTURES),
        **says('beside `media`: what each shows, for people who cannot see it'),
    )
    sensitive = Flag(**says('whether the pictures are covered at first'))

    @pre_load
    def pictures_say_enough(self, data: Any, **_kwargs: Any) -> Any:
        return {'body': '', **data} if data.get('media') else data


class NewPostSchema(EditedPostSchema):
    """What to write."""

    in_reply_to = Id(allow_none=True, **says('the id of the post that this one answers'))


class PostLinksSchema(AnswerSchema):
    """Where to read on."""

    self = link('api.get_post', 'post.id')
    author = link('api.get_user', 'post.user_id')
    replies = link('api.get_replies', 'post.id')
    likes = link('api.get_likes', 'post.id')
    reposts = link('api.get_reposts', 'post.id')
    avatar = fields.Function(
        lambda shown: picture_url(shown.post.author.avatar(AVATAR_SIZE)), metadata=PICTURE_ADDRESS
    )


class PostPictureSchema(AnswerSchema):
    """A picture of a post."""

    url = fields.Function(lambda shot: picture_url(shot.large), metadata=PATH_OF_A_FILE)
    small_url = fields.Function(lambda shot: picture_url(shot.small), metadata=PATH_OF_A_FILE)
    alt = fields.String(**says('what it shows; may be empty'))
    width = fields.Integer(**says('pixels'))
    height = fields.Integer(**says('pixels'))


class PostSchema(AnswerSchema):
    """What somebody wrote, and what the caller did to it: see `shown` in models/reaction.py."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        super().on_bind_field(field_name, field_obj)
        if field_obj.attribute is None and field_name != '_links':
            field_obj.attribute = f'post.{field_name}'

    id = fields.Integer()
    body = fields.String()
    timestamp = UTC()
    edited = UTC(allow_none=True, **says('when it was last changed; null if it never was'))
    language = fields.String(
        allow_none=True, **says('a BCP 47 code; empty where no language was recognized')
    )
    media = fields.List(fields.Nested(PostPictureSchema), attribute='post.pictures')
    sensitive = fields.Boolean(**says('whether its pictures are to be covered at first'))
    user_id = fields.Integer()
    username = fields.String(attribute='post.author.username')
    in_reply_to = fields.Integer(
        allow_none=True, **says('the id of what it answers, which may be deleted by now, or null')
    )
    reply_count = fields.Integer()
    like_count = fields.Integer()
    repost_count = fields.Integer()
    liked = fields.Boolean(attribute='context.liked', **says('whether the caller likes it'))
    reposted = fields.Boolean(
        attribute='context.reposted', **says('whether the caller passed it on')
    )
    bookmarked = fields.Boolean(
        attribute='context.bookmarked', **says('whether the caller keeps it')
    )
    reposted_by = fields.List(
        fields.String(),
        attribute='reposters',
        **says('in a timeline: the names of those who passed it on to there'),
    )
    _links = Links(PostLinksSchema)


class MediaSchema(AnswerSchema):
    """A picture that was uploaded."""

    id = fields.Integer()
    url = picture_link(LARGE)
    small_url = picture_link(SMALL)
    width = fields.Integer(attribute='picture.width', **says('pixels'))
    height = fields.Integer(attribute='picture.height', **says('pixels'))


class NewMessageSchema(InputSchema):
    """What to write to whom: one of the two ways to say the latter is enough."""

    recipient = fields.String(**says('the name of an account'))
    recipient_id = Id()
    body = Text(least=1, most=BODY_LENGTH, required=True)

    def must_be(self) -> str:
        return 'must include recipient and body fields'

    @validates_schema
    def check_recipient(self, data: Any, **_kwargs: Any) -> None:
        if not {'recipient', 'recipient_id'} & data.keys():
            raise ValidationError(MISSING, 'recipient')


class MessageLinksSchema(AnswerSchema):
    """Where to read on."""

    self = link('api.get_message')
    sender = link('api.get_user', 'sender_id')
    recipient = link('api.get_user', 'recipient_id')


class MessageSchema(AnswerSchema):
    """What somebody wrote to somebody."""

    id = fields.Integer()
    body = fields.String()
    timestamp = UTC()
    sender_id = fields.Integer()
    sender = fields.String(attribute='author.username')
    recipient_id = fields.Integer()
    recipient = fields.String(attribute='recipient.username')
    _links = Links(MessageLinksSchema)


class ActivityLinksSchema(AnswerSchema):
    """Where to read on."""

    actor = link('api.get_user', 'actor_id')


class ActivitySchema(AnswerSchema):
    """What somebody did that concerns the caller."""

    id = fields.Integer(attribute='entry.id')
    kind = fields.String(
        attribute='entry.kind', validate=validate.OneOf([FOLLOW, ANSWER, MENTION, LIKE, REPOST])
    )
    timestamp = UTC(attribute='entry.timestamp')
    actor_id = fields.Integer(attribute='entry.actor_id')
    actor = fields.String(
        attribute='entry.actor.username', **says('who did it; of several, one of them')
    )
    count = fields.Integer(**says('how many people like the post, or passed it on; else 1'))
    post = fields.Nested(
        PostSchema,
        allow_none=True,
        **says(
            'the answer, the post with the mention, or the one that is liked or '
            'passed on; null where somebody follows'
        ),
    )
    _links = Links(ActivityLinksSchema, attribute='entry')


class SinceSchema(InputSchema):
    """Since when."""

    since = fields.Float(
        load_default=0.0, validate=validate.Range(min=0), **says('seconds since 1970')
    )


class NotificationSchema(AnswerSchema):
    """What has happened."""

    name = fields.String()
    data = fields.Function(lambda notification: notification.get_data())
    timestamp = fields.Float(**says('seconds since 1970'))


class NotificationListSchema(AnswerSchema):
    """What has happened, the oldest first."""

    items = fields.List(fields.Nested(NotificationSchema))
