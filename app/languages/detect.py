"""Which language a text is written in (chapter 14)."""

import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable
from threading import Condition

from cachetools import cached
from flask import current_app

CODE_LENGTH = 5  # characters that a post has for it
# What the translator knows: a text in another language could not be translated anyway.
ALL_LANGUAGES = """
    af am ar as az bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu ha he hi hr ht hu
    hy id ig is it ja ka kk km kn ko ku ky ln lo lt lv mg mk ml mn mr ms my ne nl no or pa pl
    ps pt ro ru rw si sk sl sn so sq sr sv sw ta te th tl tr tt ug uk ur uz vi xh yo zh zu
""".split()  # noqa: SIM905 (a list would be a page long)
# A language that people write here is so many times as likely as any other, and py3langid must be
# so sure, of 1. Chosen on short posts; a wrong guess offers people the translation of their own
# language, none costs them a link.
LIKELIHOOD = 10
SURE = 0.4
FEW_WORDS = 4  # whoever writes more says enough, whatever they usually write in
# Names in BCP 47 of what the engines call otherwise: both kinds of Norwegian are written `no`.
BCP47 = {'nb': 'no', 'nn': 'no', 'pt-BR': 'pt', 'pt-PT': 'pt', 'zh-TW': 'zh'}

# What is in no language: addresses, people, topics, numbers.
_NOISE = re.compile(r'https?://\S+|[\w.+-]+@[\w.-]+|[@#]\w+|[\d_]+')


def detect_language(text: str, usual: Iterable[str] = ()) -> str:
    """Return the BCP 47 code of the language of `text`, '' where there is too little to go by.

    More likely than others are the languages of the site and the `usual` ones of the author.
    LANGUAGE_DETECTOR says which engine looks.
    """
    letters = ''.join(char for char in _NOISE.sub(' ', text) if _is_of_a_word(char))
    words = ' '.join(letters.split())
    if not words:
        return ''
    likely = {code.replace('-', '_').partition('_')[0] for code in current_app.config['LANGUAGES']}
    engine = ENGINES[current_app.config['LANGUAGE_DETECTOR']]
    code = engine(words, likely.union(usual)).replace('_', '-')
    code = BCP47.get(code, code)
    return code if len(code) <= CODE_LENGTH else ''


def _is_of_a_word(char: str) -> bool:
    return char in " '’-" or char.isspace() or unicodedata.category(char)[0] in 'LM'


def _py3langid(words: str, likely: Collection[str]) -> str:
    """Ask py3langid: good with short texts, at the price of some 85 MB of memory."""
    ranking = _py3langid_model()(words)
    weights = [(share * (LIKELIHOOD if code in likely else 1), code) for code, share in ranking]
    best, code = max(weights)
    return code if best >= SURE * sum(weight for weight, _code in weights) else ''


@cached({}, condition=Condition())
def _py3langid_model() -> Callable[[str], list[tuple[str, float]]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(ALL_LANGUAGES)
    rank: Callable[[str], list[tuple[str, float]]] = identifier.rank
    return rank


def _guess_language(words: str, _likely: Collection[str]) -> str:
    """Ask the tutorial's guess-language, which needs little memory and long texts."""
    code = _guess_language_model()(words)
    return '' if code == 'UNKNOWN' else code


@cached({}, condition=Condition())
def _guess_language_model() -> Callable[[str], str]:
    with warnings.catch_warnings():
        # It would like a spelling checker, and does without.
        warnings.simplefilter('ignore', ImportWarning)
        from guess_language import guess_language

    guess: Callable[[str], str] = guess_language
    return guess


ENGINES: dict[str, Callable[[str, Collection[str]], str]] = {
    'py3langid': _py3langid,
    'guess_language': _guess_language,
}
