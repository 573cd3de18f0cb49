"""GetMap (1.3): a map of where a user is, or of a place. spec: transactions.md section 15.5

A coordinate has the form of presence.md section 5: degrees, minutes and seconds with the letter
of the hemisphere, such as `35 24 15.652W`. What a service answers that knows no place is not
public: here 750 where the user lets nothing be seen, 751 for what is no place.
"""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b64encode
from xml.etree.ElementTree import Element

from . import addresses
from .attributes import read_values
from .call import Call, Handler
from .elements import child, node, required, text
from .results import Code, Refusal
from .view import View

_WIDTH, _HEIGHT = 72, 36  # picture elements; five degrees each
_COORDINATE = re.compile(
    r"(\d{1,3})(?:\s+(\d{1,2})(?:\s+(\d{1,2}(?:\.\d+)?))?)?\s*([NSEW])", re.I | re.A
)
_LAND, _LINE, _MARK = 200, 150, 0


def get_map(call: Call) -> Element:
    """GetMap-Request for a user, or with the location attributes of a place."""
    if call.request.find("PresenceSubList") is not None:
        place = read_values(child(call.request, "PresenceSubList")).get("GeoLocation")
    else:
        place = _of_user(call)
    if place is None or text(place, "Qualifier") == "F":
        raise Refusal(Code.BAD_PRESENCE_ATTRIBUTE, "no GeoLocation")
    longitude = degrees(text(place, "Longitude"), "EW")
    latitude = degrees(text(place, "Latitude"), "NS")
    if call.config.map_url:
        where = call.config.map_url.format(longitude=longitude, latitude=latitude)
        return node("GetMap-Response", node("URL", where))
    picture = b64encode(draw(longitude, latitude)).decode()
    return node(
        "GetMap-Response",
        node(
            "Map",
            node("ContentType", "image/png"),
            node("ContentEncoding", "BASE64"),
            node("ContentData", picture),
        ),
    )


def _of_user(call: Call) -> Element | None:
    key = addresses.user_key(required(call.request, "UserID"), call.home)
    view = View(call.service, call.db, call.session.key, call.version, [key])
    if key not in view.users:
        raise Refusal(Code.UNKNOWN_USER)
    call.service.watch_log.accessed(key, call.session, call.now)
    if "GeoLocation" not in view.rule(key).names:
        return None
    return next(iter(view.instances(key, "GeoLocation")), None)


def degrees(coordinate: str, letters: str) -> float:
    """A coordinate in degrees, west and south negative. Raises Refusal 751."""
    found = _COORDINATE.fullmatch(coordinate.strip())
    if found is None or found[4].upper() not in letters:
        raise Refusal(Code.BAD_PRESENCE_VALUE, f"{coordinate[:40]!r} is no coordinate")
    value = int(found[1]) + int(found[2] or 0) / 60 + float(found[3] or 0) / 3600
    if value > (180 if letters == "EW" else 90):
        raise Refusal(Code.BAD_PRESENCE_VALUE, f"{coordinate[:40]!r} is beyond the globe")
    return -value if found[4].upper() in "SW" else value


def draw(longitude: float, latitude: float) -> bytes:
    """The globe as PNG: equator, prime meridian and a dot, in grey."""
    column = min(_WIDTH - 1, int((longitude + 180) * _WIDTH / 360))
    row = min(_HEIGHT - 1, int((90 - latitude) * _HEIGHT / 180))
    lines = bytearray()
    for y in range(_HEIGHT):
        line = bytearray([_LINE if y == _HEIGHT // 2 else _LAND]) * _WIDTH
        line[_WIDTH // 2] = _LINE
        if y == row:
            line[column] = _MARK
        lines += b"\0" + line
    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(lines), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


HANDLERS = {"GetMap-Request": Handler(get_map, "GETMAP")}
