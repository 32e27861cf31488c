"""What somebody has typed in a tab whose session had ended: it waits until they have logged in.

It waits in the signed cookie of the session, which no other site can write, and comes back into its
box once, for nobody but the person whose tab it was.
"""

from flask import request, session
from flask_login import current_user

# Pages with a box to write in, and the name of that.
BOXES = {
    'main.index': 'post',
    'main.post': 'post',
    'main.edit_post': 'post',
    'main.conversation': 'message',
    'main.send_message': 'message',
}
AUTHOR = 'author'  # the hidden field beside it: whose tab it is
KEY = 'draft'
# Code points: three times what may be sent, and at most 3 kB of the 4 that a cookie can have.
LONGEST = 420


def keep() -> None:
    """Keep what the present request has in its box. The caller knows that it is no forgery."""
    text = request.form.get(BOXES.get(request.endpoint or '', ''), '')
    if not text:
        return
    # The session may have ended without having been forgotten: an older page does not say whose.
    author = request.form.get(AUTHOR) or session.get('_user_id', '').partition('-')[0]
    session[KEY] = {
        'place': [request.endpoint, request.view_args],
        'author': author if author.isdecimal() and len(author) < LONGEST else '',
        'text': text[:LONGEST],
    }


def take() -> str | None:
    """Return what belongs into the box of the present page, and forget it.

    What belongs to somebody else than the person logged in is forgotten only.
    """
    draft = session.get(KEY)
    if draft is None:
        return None
    is_own = draft['author'] in ('', str(current_user.id))
    if is_own and draft['place'] != [request.endpoint, request.view_args]:
        return None
    del session[KEY]
    return str(draft['text']) if is_own else None
