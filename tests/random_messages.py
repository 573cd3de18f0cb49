"""Random CSP primitives: whole by the content models of a version, and spoilt in every way."""

import copy
import re
from functools import lru_cache
from xml.etree.ElementTree import Element

from microimps.tools.conformance import models, primitives
from microimps.tools.tables import table

_USUAL = {  # element -> texts that make sense in it, against a service with these users and groups
    "UserID": ("wv:alice@im.example.com", "wv:bob", "carol"),
    "ContactList": ("wv:alice/friends", "wv:bob/friends", "wv:alice/work", "wv:bob/work"),
    "GroupID": ("wv:/chess", "wv:alice/quiz", "wv:bob/quiz"),
    "Domain": ("im.example.com", "elsewhere.example"),
    "SName": ("Queen", "alice", "bob"),
    "ClientID": ("test-1",),
    "InviteID": ("i1", "i2"),
    "InviteType": "GR IM PR SC GM AP EC EG".split(),
    "DeliveryMethod": "PN",
    "InitialDeliveryMethod": "PN",
    "SubscribeType": "GSU",
    "NotificationType": "ANU CLC CLCR CLD GC GD GMG GMR IA IC IR OEU PPU SPA".split(),
    "SearchElement": "USER_ID USER_ALIAS USER_ONLINE_STATUS GROUP_ID GROUP_NAME".split(),
    "SearchString": ("a", "o", "T"),
    "AdvancedCriteria": ("1", "1 AND 2", "NOT (1 OR 2)", "AND"),
    "Name": "DisplayName Default Searchable Topic Accesstype History Validity AutoJoin ScreenName "
    "ShowID AutoDelete PP_CITY PP_AGE".split(),
    "Value": ("T", "F", "30", "Open", "York"),
    "ContentType": ("text/plain", "image/png"),
    "ContentEncoding": ("BASE64", "None"),
    "ContentData": ("hello", "aGVsbG8="),
    "Validity": ("0", "60", "86400"),
    "ParserSize": ("400", "4096", "65535"),
    "SupportedCIRMethod": "STCP SHTTP SUDP SSMS".split(),
    "OnlineETEMHandling": "DETECT FORKALL SERVERLOGIC".split(),
    "OfflineETEMHandling": "SENDSTORE SENDREJECT REJECT".split(),
    "DigestSchema": ("MD5", "SHA", "PWD"),
    "Qualifier": "TF",
    "PresenceValue": "T F AVAILABLE HAPPY York".split(),
    "Cap": ("SMS", "IM"),
    "PrefC": ("SMS", "IM"),
    "Status": ("OPEN", "CLOSED"),
    "Cstatus": ("OPEN", "CLOSED"),
    "Zone": ("+01",),
    "Longitude": ("E 13 22 39", "13.4"),
    "Latitude": ("N 52 31 12", "52.5"),
}
_ODD = (
    "",
    " ",
    "F",
    "true",
    "-1",
    "0",
    "4294967296",
    "99999999999999999999",
    "1e9",
    "\u0663",
    "&<>\"']]>",
    "\u202e\ufeff\u0301\N{PILE OF POO}",
    "long " * 2000,
    "20240230T250000Z",
    "\t\n\r",
    "wv:nobody",
    "BOB@IM.EXAMPLE.COM",
    "wv:bob@elsewhere.example",
    "wv:/nowhere",
    "wv:alice/",
    "wv:",
    "wv:@",
    "@im.example.com",
    "/",
    "wv:wv:wv:bob",
    "wv:a@b@im.example.com",
    "wv:alice/a/b@im.example.com",
    "wv:+15551234",
    "wv:\xc4\xdf\u0130@im.example.com",
    "wv:al%69ce@im.example.com",
    "wv:a'; DROP TABLE user; --",
)
_NUMBERS = ("0", "1", "2", "30", "600", "4096", "4294967295")
_MOST = 40  # elements below which nothing that may be left out is put in


@lru_cache(maxsize=None)
def _parsed(model):
    """A content model as a tree: ("name", x) or ("all" | "one", parts), each with its repeat."""
    tokens = re.findall(r"[\w-]+|[(),|?*+]", model)

    def group():
        parts, kind = [item()], "all"
        while tokens and tokens[0] in ",|":
            kind = "one" if tokens.pop(0) == "|" else "all"
            parts.append(item())
        return kind, parts

    def item():
        first = tokens.pop(0)
        if first == "(":
            found = group()
            tokens.pop(0)
        else:
            found = ("name", first)
        repeat = tokens.pop(0) if tokens and tokens[0] in "?*+" else ""
        return *found, repeat

    return *group(), ""


class Maker:
    """Makes primitives of a version. dice: random.Random; known: element -> texts that came up in
    the course of a test, such as MessageID."""

    def __init__(self, dice, version, known):
        self.dice = dice
        self.version = version
        self.known = known
        self.names = sorted(primitives(version))
        self._elements = sorted(name for name, of in models() if of == version and "/" not in name)
        self._size = 0

    def whole(self, name):
        """A primitive that follows its model."""
        self._size = 0
        return self._element(name, "")

    def spoilt(self, name):
        """One with a few faults."""
        root = copy.deepcopy(self.whole(name))
        for _ in range(self.dice.choice((1, 1, 2, 4))):
            self._spoil(root)
        return root

    def _element(self, name, parent):
        self._size += 1
        known = models()
        model = known.get((f"{parent}/{name}", self.version)) or known.get((name, self.version))
        space = {"xmlns": table(self.version).namespaces[2]} if name == "PresenceSubList" else {}
        element = Element(name, space)
        if model is None or model.text in ("text", "unknown", "any"):
            element.text = self._text(name) or None
        elif model.text not in ("empty", "primitive"):
            self._fill(element, _parsed(model.text))
        return element

    def _fill(self, element, part):
        kind, inner, repeat = part
        room = self._size < _MOST
        least, most = {"": (1, 1), "?": (0, 1), "*": (0, 2), "+": (1, 2)}[repeat]
        for _ in range(self.dice.randint(least, most) if room else least):
            if kind == "name":
                element.append(self._element(inner, element.tag))
            elif kind == "one":
                self._fill(element, self.dice.choice(inner))
            else:
                for each in inner:
                    self._fill(element, each)

    def _text(self, name):
        dice, about = self.dice, table(self.version)
        kind = about.types.get(about.numbers.get(name, -1))
        if kind == "boolean":
            return dice.choice("TF")
        if kind == "datetime":
            return "20301224T180000Z"
        if self.known.get(name) and dice.random() < 0.8:
            return dice.choice(self.known[name])
        if name in _USUAL:
            return dice.choice(_USUAL[name])
        if kind == "integer":
            return dice.choice(_NUMBERS)
        return dice.choice((dice.choice(_ODD), dice.choice(sorted(about.tokens))))

    def _spoil(self, root):
        dice = self.dice
        each = dice.choice(list(root.iter()))
        inner = list(each)
        fault = dice.randrange(7)
        if fault == 0 and inner:
            each.remove(dice.choice(inner))
        elif fault == 1 and inner:
            each.extend([copy.deepcopy(dice.choice(inner))] * dice.choice((1, 1, 50)))
        elif fault == 2:
            dice.shuffle(inner)
            each[:] = inner
        elif fault == 3:
            self._size = 0
            each.insert(0, self._element(dice.choice(self._elements), each.tag))
        elif fault == 4:
            each[:] = []
        elif fault == 5 and each is not root:
            each.tag = dice.choice(self._elements)
        else:
            each.text = dice.choice(_ODD) or None
