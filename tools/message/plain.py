"""PTS to a tree and back: what a host adds to the reader and the writer of core. spec: pts.md."""

from xml.etree.ElementTree import Element

from microimps.pts.extension import EXTENSION
from microimps.pts.reader import Reader
from microimps.pts.writer import Writer
from microimps.words import number, spell

from ..tables import VERSIONS, table
from ..tables.pts import FORMS, LEVELS
from .decoder import Decoder
from .encoder import Encoder
from .model import MAX_DEPTH, EncodeError, Message

# frames of the writer: forms, others, and one of its own, a Presence
_TEXT, _WORD, _ADDRESS, _NAMES, _CHOSEN, _PRESENCE, _ATTRIBUTES = map(
    FORMS.index, ("text", "word", "address", "names", "chosen", "presence", "attributes")
)
_NOTHING, _ITEM, _USER = 21, 22, 29
_LOGIN = ("Login-Request", "Login-Response")
_UNKNOWN = "PTS-"  # and its letters: the element that stands for a transaction without a code


class PtsReader(Reader):
    """Notes whether private codes were met."""

    private = False

    def code(self, level: int) -> int:
        found: int = super().code(level)
        self.private |= bool(found) and self.form > 0x7F
        return found


class PtsDecoder(Decoder):
    """A session identity that does not come first is put where it belongs."""

    syntax = "pts"
    reader: PtsReader

    def __init__(self, data: bytes, version: str | None, verbatim: bool) -> None:
        room = max(len(data), 16)
        super().__init__(data, version, PtsReader(room, MAX_DEPTH, 0, EXTENSION))
        self.reader.over = True

    def message(self) -> Message:
        found = super().message()
        found.version = f"1.{self.reader.version}"
        found.extension = self.reader.private
        self.known_spaces(found)
        session = found.root[0]
        primitive = session[1][1][0]
        identity = primitive.find("SessionID")
        if identity is not None and primitive.tag not in _LOGIN:
            primitive.remove(identity)
            descriptor = session[0]
            descriptor[0].text = "Inband"
            descriptor[1:] = [identity]
        return found

    def known_spaces(self, found: Message) -> None:
        """The xmlns that the version has, as in a message of another syntax."""
        names = ("WV-CSP-Message", "TransactionContent", "PresenceSubList")
        spaces = dict(zip(names, table(found.version or VERSIONS[0]).namespaces, strict=True))
        for element in found.root.iter():
            if element.tag in spaces:
                element.set("xmlns", spaces[element.tag])

    def start(self, before: int) -> None:
        tag = self.reader.tag
        self.version = f"1.{self.reader.version}"
        name = self.known.names[tag] if tag else _UNKNOWN + self.data[4:6].decode("ascii")
        self.begin(name, tag, name)

    def text(self, before: int) -> None:
        reader = self.reader
        if reader.ext >= 0:
            octets = spell(reader.ext, reader.tag, reader.version)
            self.charge(len(octets))
            self.open[-1].pieces.append((octets, before, 0))
        else:
            octets = bytes(reader.src[reader.start : reader.stop])
            self.open[-1].pieces.append(self.piece(octets, before))


class _Anyone:
    agreed = True


class PtsEncoder(Encoder, Writer):
    """One transaction a message. The order of the tree is the order of the parameters."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.table = EXTENSION
        self.frames = bytearray(MAX_DEPTH)
        self.filled = bytearray(MAX_DEPTH)
        self.ups = bytearray(MAX_DEPTH)

    def document(self, root: Element) -> None:
        transactions = root.findall("Session/Transaction")
        if root.tag != "WV-CSP-Message" or len(transactions) != 1:
            raise EncodeError("PTS carries one transaction in a WV-CSP-Message, nothing else")
        transaction = transactions[0]
        tid = (transaction.findtext("TransactionDescriptor/TransactionID") or "0").strip()
        if not (tid.isascii() and tid.isdigit() and len(str(int(tid[:99]))) < 4):
            raise EncodeError(f"a TransactionID of PTS is 0 to 999, not {tid!r}")
        contents = transaction.findall("TransactionContent/*")
        if len(contents) != 1:
            raise EncodeError("TransactionContent does not hold one primitive")
        self.peer = _Anyone if self.extension else None
        self.many = len(contents[0].findall("Presence")) > 1
        self.begin()
        self.element(root, "", 1)

    def enter(self, tag: int, frame: int, up: int) -> int:
        """What the client never writes: MSISDN, chosen parts of attributes, Presence."""
        if frame == _ADDRESS and tag == self.known.numbers["MSISDN"] and self.held is None:
            return _ITEM
        if frame == _CHOSEN:
            return self.chosen(tag, up)
        if frame != _USER:
            return int(super().enter(tag, frame, up))
        attributes = tag == self.known.numbers["PresenceSubList"]
        if self.filled[up] != attributes:
            return _NOTHING  # a user and one set of attributes is all that has a place
        self.more(up)
        return _ATTRIBUTES if attributes else _TEXT

    def chosen(self, tag: int, up: int) -> int:
        """One of the parts in (attribute,(part,part))."""
        code = self.code(LEVELS.index("part"), tag)
        if not code:
            raise EncodeError("no known PTS code for a part of an attribute that is asked for")
        self.more(up)
        self.put(code)
        return _NOTHING

    def coded(self, tag: int, frame: int, up: int) -> int:
        if frame == _NAMES and self.parts:  # a list, so that there must be one around it
            if self.held is None and not self.listed:
                self.put(b"(")
                self.listed = True
            else:
                self.item(b"")
            self.put(b"(%s," % self.code(LEVELS.index("attribute"), tag))
            return _CHOSEN
        again = self.list == tag
        form = int(super().coded(tag, frame, up))
        if form != _PRESENCE:
            return form
        self.put(b"," if again else b"(" if self.many else b"")
        self.listed = self.many
        self.lax = True  # attributes without a code are left out
        self.list = tag
        return _USER

    def end(self) -> None:
        super().end()
        if self.frames[self.depth] == _CHOSEN:
            self.put(b")")

    def opening(self, element: Element, content: bool) -> None:
        known = self.known
        tag = known.numbers.get(known.aliases.get(element.tag, element.tag))
        if tag is None:
            tag = next((n for n, name in known.names.items() if name == element.tag), 0)
        self.parts = bool(len(element))
        if element.tag == "WVCSPFeat" and not len(element):  # the whole tree
            self.start(tag)
            self.more(self.depth - 1)
            self.put(self.code(LEVELS.index("service"), tag))
            self.end()
        elif content:
            self.start(tag)
        else:
            self.empty(tag)

    def closing(self, element: Element) -> None:
        self.end()

    def mixed(self, text: str | None) -> None:
        if text and text.strip():
            raise EncodeError("PTS has no place for text beside elements")

    def value(self, element: Element, parent: str) -> None:
        text = element.text or ""
        word = number(text) if self.frames[self.depth - 1] == _WORD else -1
        if word >= 0:
            self.word(word)
        else:
            self.text(text)
