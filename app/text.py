"""Rules for the text that people type: what may be stored, and how it is brought into shape."""

import unicodedata

# Letters and marks that show nothing: a name made of them would be invisible or a double.
_INVISIBLE = frozenset(
    map(
        chr,
        [
            0x034F,
            *range(0x115F, 0x1161),
            *range(0x17B4, 0x17B6),
            *range(0x180B, 0x1810),
            0x3164,
            *range(0xFE00, 0xFE10),
            0xFFA0,
            *range(0xE0100, 0xE01F0),
        ],
    )
)


def is_storable(text: str) -> bool:
    """Tell whether every database takes `text`: no NUL and no half of a surrogate pair."""
    return not any(char == '\0' or '\ud800' <= char <= '\udfff' for char in text)


def is_plain(text: str) -> bool:
    """Tell whether `text` is free of control characters other than line breaks and tabs."""
    return is_storable(text) and not any(
        unicodedata.category(char) == 'Cc' and char not in '\n\t' for char in text
    )


def clean_body(text: str | None) -> str:
    """Return a post or message as it is checked and stored: LF line ends, no outer white space."""
    return (text or '').replace('\r\n', '\n').replace('\r', '\n').strip()


def normalize_name(text: str | None) -> str:
    """Return a username in its one spelling (NFKC), without outer white space."""
    return unicodedata.normalize('NFKC', (text or '').strip())


def is_username(name: str) -> bool:
    """Tell whether `name` may be chosen: letters, marks and digits of any script and `_.@+-`.

    Expects the normalized form. The length is checked elsewhere.
    """
    if any(char in _INVISIBLE for char in name):
        return False
    kinds = [unicodedata.category(char) for char in name]
    allowed = all(
        kind[0] in 'LM' or kind == 'Nd' or char in '_.@+-'
        for char, kind in zip(name, kinds, strict=True)
    )
    return allowed and any(kind[0] == 'L' or kind == 'Nd' for kind in kinds)


def case_key(text: str) -> str:
    """Return what two spellings have in common that differ only in case or in compatibility."""
    folded = unicodedata.normalize('NFKC', text).casefold()
    return unicodedata.normalize('NFKC', folded)
