"""Generated posts whose words are as common and as rare as those of real ones.

In every language a few dozen words make up half of all text and most words are hardly ever
used. A search behaves very differently for the two, so bulk data needs both.
"""

from itertools import accumulate
from random import Random
from typing import Any

from app.text import BODY_LENGTH

VOCABULARY_SIZE = 20_000
EMOJI = ['🙂', '😂', '🎉', '❤️', '👍', '☕', '🌧️', '👩‍💻', '🇪🇺', '🌍']


class Writer:
    """Writes any number of posts in one of the languages of bulk.json.

    Known are its commonest words, the commonest first, and syllables for all others.
    """

    def __init__(self, random: Random, language: dict[str, Any]) -> None:
        self.random = random
        self.code, self.space = language['code'], language['space']
        self.endings = language['endings']
        words = dict.fromkeys(language['words'].split())  # which keeps the order
        syllables = language['syllables'].split()
        while len(words) < VOCABULARY_SIZE:
            count = random.choices((2, 3, 4), (5, 3, 1))[0]
            words[''.join(random.choices(syllables, k=count))] = None
        self.vocabulary = list(words)
        # Zipf's law: the n-th word is n times as rare as the first.
        self.weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def write(self, most: int = BODY_LENGTH) -> str:
        """Return the text of a post, of at most so many characters."""
        random = self.random
        length = int(random.triangular(2, 26, 8))
        words = random.choices(self.vocabulary, cum_weights=self.weights, k=length)
        extra = random.random()
        if extra < 0.1:
            ending = ' ' + random.choice(EMOJI)
        elif extra < 0.15:
            ending = f' https://example.org/{random.randrange(100_000)}'
        else:
            ending = random.choice(self.endings)
        text = self.space.join(words)[: most - len(ending)].rstrip()
        return f'{text[0].upper()}{text[1:]}{ending}'
