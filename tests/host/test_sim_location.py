"""Simulated service: maps of where users are."""

import zlib
from base64 import b64decode

import pytest
from sim_client import logged_in, make_service

from microimps.tools.sim import location
from microimps.tools.sim.elements import node, text
from microimps.tools.sim.results import Refusal

PLACE = node(
    "GeoLocation",
    node("Qualifier", True),
    node("Longitude", "92 30 15.652W"),
    node("Latitude", "45 0 0N"),
)
WHO = node("UserID", "wv:alice")


def pair(syntax="xml", **settings):
    return logged_in(make_service(**settings), "alice", "bob", kind=("1.3", syntax))


def marks(picture):
    """(column, row) of the black dots of a PNG that has one IDAT."""
    data = picture[picture.index(b"IDAT") + 4 :]
    lines = zlib.decompress(data)
    width = int.from_bytes(picture[16:20], "big") + 1
    return [(at % width - 1, at // width) for at, c in enumerate(lines) if c == 0 and at % width]


@pytest.mark.parametrize("syntax", ["xml", "wbxml"])
def test_a_picture(syntax):
    alice, bob = pair(syntax)
    assert text(bob.post("GetMap-Request", WHO), "Result/Code") == "750"
    assert alice.code("UpdatePresence-Request", alice.sub_list(PLACE)) == 200
    found = bob.post("GetMap-Request", WHO)
    assert text(found, "Map/ContentType") == "image/png"
    picture = b64decode(text(found, "Map/ContentData"))
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and marks(picture) == [(17, 9)]
    place = bob.post("GetMap-Request", bob.sub_list(PLACE))
    assert text(place, "Map/ContentData") == text(found, "Map/ContentData")


def test_an_address():
    alice, bob = pair(map_url="http://maps.example.com/{longitude:.1f}/{latitude:.1f}")
    alice.code("UpdatePresence-Request", alice.sub_list(PLACE))
    found = bob.post("GetMap-Request", WHO)
    assert [each.tag for each in found] == ["URL"]
    assert text(found, "URL") == "http://maps.example.com/-92.5/45.0"


def test_what_cannot_be_shown():
    alice, bob = pair(presence="nobody")
    alice.code("UpdatePresence-Request", alice.sub_list(PLACE))

    def code(*content):
        return text(bob.post("GetMap-Request", *content), "Result/Code")

    assert code(WHO) == "750" and text(alice.post("GetMap-Request", WHO), "Result/Code") == ""
    assert code(node("UserID", "wv:nobody")) == "531"
    assert code() == "400"
    assert code(bob.sub_list(node("Alias", node("Qualifier", True)))) == "750"
    assert code(bob.sub_list(node("GeoLocation", node("Qualifier", False)))) == "750"
    wrong = node("GeoLocation", node("Longitude", "12 N"), node("Latitude", "1 2 3N"))
    assert code(bob.sub_list(wrong)) == "751"


@pytest.mark.parametrize(
    "written, letters, meant",
    [
        ("35 24 15.652W", "EW", -35.404348),
        ("12 36 22.5N", "NS", 12.60625),
        ("0S", "NS", 0),
        ("180 E", "EW", 180),
        ("90 30N", "NS", None),
        ("181E", "EW", None),
        ("12 36 22.5", "NS", None),
        ("", "NS", None),
        ("-1N", "NS", None),
    ],
)
def test_coordinates(written, letters, meant):
    if meant is None:
        with pytest.raises(Refusal):
            location.degrees(written, letters)
    else:
        assert location.degrees(written, letters) == pytest.approx(meant, abs=1e-5)


def test_the_edges_of_the_globe():
    for longitude, latitude in ((180, 90), (-180, -90), (0, 0)):
        assert len(marks(location.draw(longitude, latitude))) == 1
