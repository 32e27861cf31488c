"""What stands in a text: addresses of the web, people by their @names, and #tags."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import regex

from app.text import BODY_LENGTH, USERNAME_LENGTH, case_key, plain

TAG_KEY_LENGTH = 3 * BODY_LENGTH  # a folded character can be three

# Up to white space or to a mark that no address holds: the brackets and stops of Chinese and
# Japanese stand right behind one, as Latin quotation marks do. What turns the direction of writing
# would show another address.
_ADDRESS = regex.compile(
    r'(?<![a-z0-9])https?://\w'
    r'[^\s<>"“”«»「」『』（）〈〉《》【】、。，．；：？！\u202a-\u202e\u2066-\u2069]*',
    regex.IGNORECASE,
)
_CLOSING = {')': '(', ']': '[', '}': '{'}

# Neither begins within a word, an e-mail address or the path of an address.
_TAG = regex.compile(
    r'(?<![\p{L}\p{M}\p{Nd}_/&#@=?%])#(?=[\p{M}\p{Nd}_]*+\p{L})[\p{L}\p{M}\p{Nd}_]++'
)
_NAME = regex.compile(r'(?<![\p{L}\p{M}\p{Nd}_/&#@=?%+-])@[\p{L}\p{M}\p{Nd}_.@+-]++')
_NAME_OR_TAG = regex.compile(f'{_TAG.pattern}|{_NAME.pattern}')
_END = regex.compile(r'(?V1)(?!\p{M})(?:(?<![\p{L}\p{M}\p{Nd}_])|(?![\p{L}\p{Nd}_]))')


class Piece(NamedTuple):
    """A part of a text, and what it leads to: one of three, or none."""

    text: str
    address: str | None = None
    name: str | None = None  # of the account that is mentioned
    tag: str | None = None


def pieces(text: str, names: Mapping[str, str] | None) -> Iterator[Piece]:
    """Cut `text` up. `names` has the people whom it mentions, by the keys that `mentions` gives.

    Without `names` it is no post, and nothing but addresses are links.
    """
    end = 0
    for kind, piece, start in _found(text):
        if names is None and kind:
            continue
        if kind == '@':
            known = names or {}
            found = next((key for key in _keys(piece) if key[0] in known), None)
            if found is None:
                continue
            key, length = found
            cut = Piece(piece[:length], name=known[key])
        elif kind == '#':
            cut = Piece(piece, tag=piece[1:])
        else:
            cut = Piece(piece, address=piece)
        if start > end:
            yield Piece(text[end:start])
        yield cut
        end = start + len(cut.text)
    if end < len(text):
        yield Piece(text[end:])


def mentions(text: str) -> list[list[str]]:
    """Return, for each @ in `text`, the keys of the names that it can be: the longest first."""
    return [
        [key for key, _length in _keys(piece)] for kind, piece, _ in _found(text) if kind == '@'
    ]


def tags(text: str) -> dict[str, str]:
    """Return the tags in `text` by their keys, as they are spelled first."""
    spellings: dict[str, str] = {}
    for kind, piece, _ in _found(text):
        if kind == '#':
            spellings.setdefault(tag_key(piece[1:]), piece[1:])
    return spellings


def tag_key(tag: str) -> str:
    """Return what two spellings of a tag have in common that differ in case or accents only.

    Of a very long key it is the beginning: one sign can stand for a sentence.
    """
    # An accent that stands alone has a space beside it, which MariaDB does not see at an end.
    return plain(unicodedata.normalize('NFKC', tag)).replace(' ', '')[:TAG_KEY_LENGTH]


def _found(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield what could be a link: '@', '#' or '' for an address, its text, and where it begins."""
    if '@' not in text and '#' not in text and '://' not in text:
        return
    addresses = [
        (match.start(), _without_the_sentence(match[0])) for match in _ADDRESS.finditer(text)
    ]
    ends = [0, *(start + len(address) for start, address in addresses)]
    starts = [*(start for start, _ in addresses), len(text)]
    for number, (end, start) in enumerate(zip(ends, starts, strict=True)):
        for match in _NAME_OR_TAG.finditer(text, end, start):
            yield match[0][0], match[0], match.start()
        if number < len(addresses):
            at, address = addresses[number]
            yield '', address, at


def _keys(piece: str) -> Iterator[tuple[str, int]]:
    """Yield the names that `piece` can begin with after its @, as keys, and where they end."""
    for end in range(min(len(piece), USERNAME_LENGTH + 1), 1, -1):
        if _END.match(piece, end):
            yield case_key(piece[1:end]), end


def _without_the_sentence(address: str) -> str:
    """Return `address` without the punctuation of the sentence that it ends."""
    while True:
        last = address[-1]
        unopened = last in _CLOSING and address.count(last) > address.count(_CLOSING[last])
        if not unopened and last not in ".,;:?!'*_~…":
            return address
        address = address[:-1]
