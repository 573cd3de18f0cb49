# heap: 192K
"""What reads and writes alike in every version that has it, held to that in each of them."""

from peer import Peer, client, everyhow, granted, how, http, negotiated, online, part

from microimps.cir_client import Cir
from microimps.xml.reader import number

VERSIONS = (1, 2, 3)
HOMES = (
    "http://www.wireless-village.org/%s1.1",
    "http://www.openmobilealliance.org/DTD/WV-%s1.2",
    "http://www.openmobilealliance.org/DTD/IMPS-%s1.3",
)
KINDS = (("SessionNSName", "CSP"), ("TransactionNSName", "TRC"), ("PresenceAttributeNSName", "PA"))


@everyhow
def test_service_info():
    picture = [("ContentType", "image/png"), ("ContentEncoding", "BASE64")]
    answer = [("Name", "Plover"), ("Logo", picture + [("ContentData", "AAEC")]), ("URL", "u:x")]
    for version in VERSIONS:
        c, peer = online([("GetSPInfo-Response", answer)], version)
        wanted = {"name": "Plover", "type": "image/png", "logo": b"\0\1\2", "url": "u:x"}
        assert c.service_info() == wanted, version
        assert (peer.asked().name, peer.asked().version) == ("GetSPInfo-Request", version)


@everyhow
def test_a_telephone_as_client():
    for version in VERSIONS:
        peer = Peer([granted()] + negotiated(version), version)
        client(peer, client="+442071838750").login()
        assert peer.asked(0).content[1] == ("ClientID", [("MSISDN", "+442071838750")])


@everyhow
def test_address_of_http_cir():
    for version, name in ((2, "CIRURL"), (3, "CIRHTTPAddress")):
        told = [("SupportedCIRMethod", "SHTTP"), (name, [("URL", "http://web/1")])]
        answers = [("ClientCapability-Response", [("AgreedCapabilityList", told)])]
        peer = Peer([granted()] + answers + [("Service-Response", [])], version)
        notices = Cir(peer, ("SHTTP",), web=dict)
        client(peer, cir=notices).login()
        assert notices.url == "http://web/1"


def listed(names):
    """Octets of a version discovery response in the highest version."""
    w = part(how.syntax, "writer", "Writer")(1024, 3)
    w.window(0, 1024)
    w.begin()
    w.start(0x09)
    w.start(number(b"WV-CSP-VersionDiscovery-Response"))
    w.start(number(b"VersionList"))
    for each in names:
        w.leaf(number(b"SessionNSName"), each)
    for _ in "123":
        w.end()
    return http(bytes(w.buf[: w.at]))


@everyhow
def test_version_discovery():
    names = [home % "CSP" for home in HOMES]
    for version in (2, 3):
        peer = Peer([listed(names[1:])], version)
        assert client(peer).versions() == [2, 3]
        body = peer.sent[0].partition(b"\r\n\r\n")[2]
        for _, kind in KINDS:
            for home in HOMES:
                assert body.find((home % kind).encode()) > 0


@everyhow
def test_vendor_data():
    for version in (2, 3):
        c, peer = online([("Extended-Response", "pong")], version)
        assert c.extended("ping") == "pong"
        assert (peer.asked().name, peer.asked().content) == ("Extended-Request", "ping")


@everyhow
def test_names_of_those_who_are_in_a_group():
    def people(tag, name):
        return (tag, [("Mapping", [("SName", name), ("UserID", "wv:%s@d" % name.lower())])])

    kinds = (("AdminMapping", "Ann"), ("ModMapping", "Bo"), ("UserMapping", "Cy"))
    everybody = [people(tag, name) for tag, name in kinds]
    for version in (2, 3):
        c, _ = online([("GetJoinedUsers-Response", [("AdminMapList", everybody)])], version)
        assert [each[0] for each in c.joined("wv:/g@d")] == ["wv:ann@d", "wv:bo@d", "wv:cy@d"]


if __name__ == "__main__":
    from testing import run

    run(globals())
