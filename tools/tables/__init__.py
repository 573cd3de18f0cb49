"""The token tables of CSP, one `Table` a version, read from the CSV files beside this module.

The CSV files are the only source of numbers and words in the project: `generate` makes the device
tables from them, `message` reads and writes with them. Columns and verdicts: wbxml.md, sections
4 to 10. An element number is `page << 6 | token` and means the same element in every syntax.
"""

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

VERSIONS = ("1.1", "1.2", "1.3")

_FOLDER = Path(__file__).parent
_PARTS = ("csp", "trc", "pa")  # columns of the namespaces
_NAME, _CAP = 0x1E, 0x16F  # elements in which a value token has a meaning of its own
_SMS_PRESENCE, _GROUP_ID = 0x75, 0x3D


@lru_cache(maxsize=None)
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of wbxml-`name`.csv, each by column name."""
    with open(_FOLDER / f"wbxml-{name}.csv", encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def number(page: str, token: str) -> int:
    """Return the element number of a page and a token, both in hexadecimal."""
    return int(page, 16) << 6 | int(token, 16)


class Table:
    """What one version knows, and how it reads what only another version knows.

    version: "1.1", "1.2" or "1.3"
    numbers: element name -> number, for writing: this version only
    names: element number -> name, for reading: this version, decode-only tags, then the other
        versions, newest first (wbxml.md section 8)
    aliases: other spelling -> name
    tokens: value word -> token; words: token -> word (again with the other versions behind)
    attributes: attribute token -> beginning of the xmlns value (likewise)
    types: element number -> "integer", "boolean", "datetime" or "binary" (likewise)
    sends: element number -> "opaque", "token" or "string"
    public_id: number of the public identifier; public_names: its literal names
    namespaces: xmlns of WV-CSP-Message, of TransactionContent and of PresenceSubList
    namespace_tokens: xmlns -> (attribute token, text that follows it)
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self.numbers: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.aliases: dict[str, str] = {}
        self.tokens: dict[str, int] = {}
        self.words: dict[int, str] = {}
        self.attributes: dict[int, str] = {}
        self.types: dict[int, str] = {}
        self.sends: dict[int, str] = {}
        self._allowed: dict[int, dict[str, frozenset[str]]] = {}
        self._load_tokens()
        self._load_aliases()
        self._load_rules()
        self._load_identity()

    def _own(self, name: str) -> Iterator[dict[str, str]]:
        return (row for row in rows(name) if row["version"] == self.version)

    def _load_tokens(self) -> None:
        for row in self._own("tokens"):
            key, name = number(row["page"], row["token"]), row["name"]
            if row["kind"] == "tag":
                self.numbers[name] = key
                self.names[key] = name
            elif row["kind"] == "value_token":
                # The first of two tokens is the one to write, the first of two words the one
                # to read: SMS is 43, IM is 12, 3D is GROUP_ID; `token` and `word` know the rest.
                self.tokens.setdefault(name, key)
                self.words.setdefault(key, name)
            else:
                self.attributes[key] = name.partition("=")[2]

    def _load_aliases(self) -> None:
        for row in self._own("aliases"):
            key = number(row["page"], row["token"])
            if row["use"] == "alias":
                self.aliases[row["other_name"]] = row["canonical_name"]
            elif row["use"] == "decode-only":
                into = self.names if row["kind"] == "tag" else self.words
                into[key] = row["canonical_name"]

    def _load_rules(self) -> None:
        for row in self._own("typed-elements"):
            key = number(row["page"], row["token"])
            self.types[key], self.sends[key] = row["type"], row["send"]
        for row in self._own("token-elements"):
            parents = self._allowed.setdefault(number(row["page"], row["token"]), {})
            for parent in row["parent"].split() or [""]:
                parents[parent] = parents.get(parent, frozenset()).union(row["words"].split())

    def _load_identity(self) -> None:
        row = next(self._own("public-ids"))
        self.public_id = int(row["public_id"], 16)
        self.public_names = tuple(n for n in (row["string_id"], row["other_string_id"]) if n)
        self.namespaces = tuple(row["ns_" + part] for part in _PARTS)
        self.namespace_tokens = {
            row["ns_" + part]: (int(row["attr_" + part], 16), row["attr_suffix"])
            for part in _PARTS
        }

    def word(self, token: int, element: int) -> str | None:
        """Return the word that a value token means in an element, None for no word at all."""
        if token == _GROUP_ID and element == _NAME and self.version == "1.3":
            return "History"
        return self.words.get(token)

    def token(self, word: str, element: int, parent: str) -> int | None:
        """Return the value token for a word where the profile wants one, else None.

        `parent` is the name of the element around it. spec: wbxml.md sections 4 and 11.
        """
        parents = self._allowed.get(element, {})
        if word not in parents.get("", ()) and word not in parents.get(parent, ()):
            return None
        return _SMS_PRESENCE if word == "SMS" and element == _CAP else self.tokens[word]


@lru_cache(maxsize=None)
def table(version: str) -> Table:
    """Return the table of "1.1", "1.2" or "1.3"; ValueError for any other version."""
    if version not in VERSIONS:
        raise ValueError(f"CSP version {version!r} is not one of {', '.join(VERSIONS)}")
    found = Table(version)
    for other in map(Table, reversed(VERSIONS)):
        found.names = other.names | found.names
        found.words = other.words | found.words
        found.attributes = other.attributes | found.attributes
        found.types = other.types | found.types
    return found
