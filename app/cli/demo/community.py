"""A small community: about twenty people who talk to each other in as many languages.

All of it is in community.json. A post there is: how many minutes ago, by whom, in which language,
what. Posts stand in groups that were written shortly after one another.
"""

from datetime import datetime, timedelta
from itertools import chain

from sqlalchemy import Connection, insert
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import account, ids_by_name, recount, texts
from app.models import Post, User, followers

MAIN_PERSON = 'susan'  # whose password is printed


def fill(connection: Connection, now: datetime, password: str) -> list[str]:
    """Add the people, their posts and whom they follow; return the names to log in with."""
    community = texts('community')
    password_hash = generate_password_hash(password)
    people = [
        account(
            person['username'],
            person['email'],
            about_me=person['about_me'],
            last_seen=now - timedelta(minutes=person['minutes_since_seen']),
            password_hash=password_hash if person['username'] == MAIN_PERSON else None,
        )
        for person in community['people']
    ]
    connection.execute(insert(User), people)
    ids = ids_by_name(connection)
    follows = [
        {'follower_id': ids[person['username']], 'followed_id': ids[followed]}
        for person in community['people']
        for followed in person['follows'].split()
    ]
    connection.execute(insert(followers), follows)
    posts = [
        {
            'body': body,
            'timestamp': now - timedelta(minutes=minutes),
            'user_id': ids[author],
            'language': language,
        }
        # The ids grow with the time, as they do on a site that people write to.
        for minutes, author, language, body in sorted(
            chain(*community['conversations']), key=lambda post: -post[0]
        )
    ]
    connection.execute(insert(Post), posts)
    recount(connection)
    return [MAIN_PERSON]
