"""What Schemathesis needs to know beside the OpenAPI document: who to be (see test_schemathesis).

Every request is made by a person of its own, who has a post and a token: some requests delete
them. The people come straight from the database, where a password need not be hashed anew.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import count
from typing import Any

import schemathesis

from app import create_app, db
from app.models import Post, User

PASSWORD = 'a good one'

app = create_app()
app.logger.disabled = True
numbers = count(1)
with app.app_context():
    template = User(username='template', email='template@example.com')
    template.set_password(PASSWORD)
    password_hash = template.password_hash
    db.session.add(template)
    db.session.commit()


def template_user() -> User:
    user = db.session.get(User, 1)
    assert user is not None
    return user


class Person:
    """Somebody new."""

    def __init__(self) -> None:
        name = f'fuzz{next(numbers)}'
        with app.app_context():
            user = User(username=name, email=f'{name}@example.com', password_hash=password_hash)
            post = Post(body='hello', author=user)
            db.session.add(post)
            db.session.flush()
            # SQLite gives the id of the latest row again when that is deleted.
            db.session.add(Post(body='stays', user_id=1))
            self.token = user.get_token()
            db.session.commit()
            self.credentials = b64encode(f'{name}:{PASSWORD}'.encode()).decode()
            message = user.send_message(template_user(), 'hello')
            db.session.commit()
            self.ids = {
                '/api/users/{id}': user.id,
                '/api/posts/{id}': post.id,
                '/api/messages/{id}': message.id,
            }
            for what in ('replies', 'likes', 'reposts', 'like', 'repost', 'bookmark'):
                self.ids[f'/api/posts/{{id}}/{what}'] = post.id
            # Something for each list: what others did, and the person's own doing.
            template_user().follow(user)
            template_user().like(post)
            template_user().repost(post)
            answer = Post(body=f'@{name} #tag', user_id=1, in_reply_to=post.id)
            db.session.add(answer)
            db.session.flush()
            user.bookmark(answer)
            db.session.commit()


@schemathesis.auth(refresh_interval=None)
class NewPerson:
    def get(self, case: schemathesis.Case[Any], _context: Any) -> Person:
        return Person()

    def set(self, case: schemathesis.Case[Any], person: Person, _context: Any) -> None:
        if case.path == '/api/tokens' and case.method == 'POST':
            case.headers['Authorization'] = f'Basic {person.credentials}'
        else:
            case.headers['Authorization'] = f'Bearer {person.token}'
        # What one may change is one's own.
        if case.path in person.ids and is_valid(case):
            case.path_parameters = {'id': person.ids[case.path]}


def is_valid(case: schemathesis.Case[Any]) -> bool:
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive
