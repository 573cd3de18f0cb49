"""The short table of words in words.py is a part of the generated one, and both are found."""

from microimps.tokens import WORDS
from microimps.words import COMMON, number, spell


def entries(table):
    found = []
    i = 0
    while i < len(table) - 1:
        z = table.find(b"\xff", i + 1)
        found.append((table[i + 1], table[i + 2 : z]))
        i = z
    return found


def test_common_words_are_words():
    everything = entries(WORDS)
    for entry in entries(COMMON):
        assert entry in everything, entry


def test_every_word_is_found_both_ways():
    for token, word in entries(WORDS):
        assert spell(token, 0, 2) == word
        assert spell(number(word.decode()), 0, 2) == word
    for word in ("", "AVAILABL", "VAILABLE", "available", "\xff"):
        assert number(word) < 0


if __name__ == "__main__":
    from testing import run

    run(globals())
