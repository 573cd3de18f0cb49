# heap: 160K
"""The PTS writer: what the requests and answers of the client look like on the wire."""

from reading import code
from writing import everywhere, written

from microimps.envelope import delivered, nothing, status
from microimps.errors import LocalError
from microimps.primitives import access, lists, messaging, negotiation, presence, publish
from microimps.pts.extension import EXTENSION
from microimps.pts.writer import Writer
from microimps.session import Session

REQUEST, RESPONSE = 0x20, 0x21


class Clock:
    def ticks_ms(self):
        return 0


class Bearer:
    port = Clock()
    kind = 0x43  # SMS
    most = 1 << 24


class Agreed:
    agreed = True


class Refused:
    agreed = False


def sent(write, args, version=2, tid="7", sid="s8Kd", mode=REQUEST, make=Writer):
    """The octets of a message as the session writes it, the same through all windows."""

    def whole(w):
        s = Session(Bearer, None, w)
        s.out = (write, args, tid, mode, sid)
        s.write()

    return everywhere(make, version, whole)


class User:
    """The part of a session that request writers look at; it keeps what a task asks."""

    user = "wv:ida@chat.example.org"
    client = "unit-04"
    cookie = "b71e-0c2d"
    bearer = Bearer
    push = True
    content = 1024
    least = 30000
    cir = None
    wishes = {}

    class r:
        """The reader, where a task gets ready for the answer."""

    class w:
        media = b"sms"

    def ask(self, write, args, *_):
        self.asked = write, args
        yield


def asks(task, *args, **named):
    """The writer of a task's request, and its arguments."""
    user = User()
    next(task(user, *args, **named))
    return user.asked


def test_login():
    args = (User, "heron 9", None, (), None, ())
    assert sent(access._login, args, 2, "1", None) == (
        b'WV12LR1 UI=wv:ida@chat.example.org CI=unit-04 PW="heron 9" TL=7200 SC=b71e-0c2d'
    )
    args = (User, None, None, ("SHA", "MD5"), None, ())
    assert sent(access._login, args, 3, "1", None) == (
        b"WV13LR1 UI=wv:ida@chat.example.org CI=unit-04 SH=(SHA,MD5) TL=7200 SC=b71e-0c2d"
    )
    args = (User, None, b"T2+xxl0ZP4zRk0qy7Q1rjOaGm1Q=", (), None, ())
    assert b' DB="T2+xxl0ZP4zRk0qy7Q1rjOaGm1Q="' in sent(access._login, args, 3, "1", None)


def test_negotiation_leaves_out_what_has_no_code():
    for version in (2, 3):
        octets = sent(negotiation.capabilities, (User,), version)
        assert octets == b"WV1%d" % version + (
            b"CP7 SI=s8Kd CA=((CT,MP),(ID,P),(SB,SMS),(MT,1),(PS,16777216),(PM,30))"
            if version == 2
            else b"CP7 SI=s8Kd CA=((CT,MP),(ID,P),(MT,1),(PS,16777216),(PM,30),(SB,SMS))"
        )
    assert sent(negotiation.services, (User,)) == b"WV12SQ7 SI=s8Kd RF=(FF,PF,IF,GE) AR=F"


def test_primitives_without_content():
    for tag, letters in ((0x05B, b"KA"), (0x05F, b"OR"), (0x110, b"GL"), (0x18B, b"GB")):
        assert sent(nothing, (tag,)) == b"WV12" + letters + b"7 SI=s8Kd"
    assert sent(nothing, (0x062,), 3, "") == b"WV13PO0 SI=s8Kd"  # polls have 0
    assert sent(status, (200,), 2, "901", "s8Kd", RESPONSE) == b"WV12ST901 SI=s8Kd ST=200"


def test_a_session_identity_is_quoted_where_it_must_be():
    assert sent(nothing, (0x05B,), 2, "7", "a=b") == b'WV12KA7 SI="a=b"'


def test_lists():
    members = (("wv:uwe", "Uwe, the 1st"), ("wv:eva", ""))
    assert sent(lists._create, ("wv:ida/row", "Rowing", False, members)) == (
        b'WV12CL7 SI=s8Kd CL=wv:ida/row UN=(("Uwe, the 1st",wv:uwe),(,wv:eva))'
        b" CP=((DN,Rowing),(DE,F))"
    )
    change = (lists._nick, (0x007, (("wv:eva", "Eva"),)))
    assert sent(lists._manage, ("wv:ida/row",) + change + (False,)) == (
        b"WV12LM7 SI=s8Kd CL=wv:ida/row AN=((Eva,wv:eva)) RL=F"
    )
    change = (lists._nick, (0x029, (("wv:eva", ""),)))
    assert sent(lists._manage, ("wv:ida/row",) + change + (True,)) == (
        b"WV12LM7 SI=s8Kd CL=wv:ida/row RN=((,wv:eva)) RL=T"
    )
    assert sent(lists._delete, ("wv:ida/row",)) == b"WV12DL7 SI=s8Kd CL=wv:ida/row"


def test_users_and_lists_become_lists():
    who, groups = ("wv:uwe", "wv:eva"), ("wv:l1", "wv:l2", "wv:l3")
    watch = asks(presence.subscribe, who, groups, ("OnlineStatus",), True)
    ask = asks(presence.presence, ("wv:uwe",), (), ("UserAvailability", "ClientInfo"))
    for version, automatic in ((2, b" AS=T"), (3, b"")):
        assert sent(*watch, version) == (
            b"WV1%dSB7 SI=s8Kd UI=(wv:uwe,wv:eva) CL=(wv:l1,wv:l2,wv:l3) PS=OS%s"
            % (version, automatic)
        )
        assert sent(*ask, version) == b"WV1%dGP7 SI=s8Kd UI=wv:uwe PS=(CF,UA)" % version


def test_own_presence():
    def update(**values):
        return sent(*asks(publish.update_presence, **values))[19:]

    assert update(OnlineStatus=True) == b"((OS,T,T))"
    assert update(UserAvailability="DISCREET", StatusText='back at "six", maybe') == (
        b'((UA,T,DI),(ST,T,"back at ""six"", maybe"))'
    )
    client = {"ClientType": "MOBILE_PHONE", "ClientProducer": "Acme", "ClientVersion": "2.1"}
    assert update(ClientInfo=client) == b"((CF,T,((CT,MP),(CP,Acme),(CV,2.1))))"
    assert update(OnlineStatus=None, StatusText="") == b"((OS,F,),(ST,T,))"
    assert update(ClientInfo=None) == b"((CF,F,))"


def test_an_attribute_always_has_its_qualifier():
    def write(w, value):
        w.start(0x11C)
        w.start(0x023)
        w.start(0x161)
        w.leaf(0x024, value)
        w.end()
        w.start(0x14D)
        w.leaf(0x150, "1")
        w.end()
        w.empty(0x16E)
        w.end()
        w.end()

    assert sent(write, ("T",)) == b"WV12UP7 SI=s8Kd UV=((OS,T,T),(CF,T,((CV,1))),(UA,T,))"


def test_names():
    def write(w, *names):
        w.start(0x112)
        w.start(0x023)
        for name in names:
            w.start(name)
            w.empty(0x14F)  # a chosen part: the client asks for the whole attribute instead
            w.end()
        w.end()
        w.end()

    assert sent(write, (0x14D,)) == b"WV12GP7 SI=s8Kd PS=CF"
    assert sent(write, (0x161, 0x14D, 0x16E)) == b"WV12GP7 SI=s8Kd PS=(OS,CF,UA)"


def test_an_answer_with_a_description():
    def write(w, *values):
        w.start(0x031)
        w.start(0x02A)
        w.leaf(0x00B, 201)
        for value in values:
            w.leaf(0x012, value)
        w.start(0x013)  # has no code: left out
        w.leaf(0x00B, 531)
        w.end()
        w.end()
        w.end()

    assert sent(write, ()) == b"WV12ST7 SI=s8Kd ST=201"
    assert sent(write, ("In part",)) == b'WV12ST7 SI=s8Kd ST=(201,"In part")'


def test_a_text_in_pieces():
    def write(w):
        w.start(0x10D)
        w.start(0x00C)
        w.text("wv:ida/")
        w.text("a b")
        w.end()
        w.end()

    assert sent(write, ()) == b'WV12DL7 SI=s8Kd CL="wv:ida/a b"'


def test_empty_parameters_are_left_out():
    def write(w):
        w.start(0x116)
        w.leaf(0x00C, "")
        w.empty(0x01F)
        w.leaf(0x076, False)
        w.end()

    assert sent(write, ()) == b"WV12LM7 SI=s8Kd RL=F"


def message(*args):
    return asks(messaging.send, *args)


def unwatched():
    return asks(presence.unsubscribe, ("wv:uwe",))


def mood():
    return asks(publish.update_presence, StatusMood="HAPPY")


def test_strict_mode_refuses_before_anything_is_written():
    for write, args in (
        message("wv:uwe", 'so "it" is'),
        (delivered, ("m1",)),
        unwatched(),
        asks(presence.presence, ("wv:uwe",), (), ("StatusMood",)),
        mood(),
    ):
        for make in (
            Writer,
            lambda size, version: Writer(size, version, EXTENSION),
            refused,
        ):
            assert code(LocalError, sent, write, args, 2, "7", "s", REQUEST, make) == 46
    w = Writer(64)
    assert code(LocalError, written, w, lambda w: sent(*message("wv:uwe", "x")), 64) == 46


def test_a_writer_works_on_after_a_refusal():
    w = Writer(64, 2)
    s = Session(Bearer, None, w)
    s.out = message("wv:uwe", "x") + ("7", REQUEST, "s")
    assert code(LocalError, s.write) == 46
    s.out = (nothing, (0x05B,), "8", REQUEST, "s")
    w.window(0, 64)
    s.write()
    assert bytes(w.buf[: w.at]) == b"WV12KA8 SI=s"


def extended(size, version):
    return Writer(size, version, EXTENSION, Agreed)


def refused(size, version):
    return Writer(size, version, EXTENSION, Refused)


def test_the_extension_profile_carries_messages():
    assert sent(*message("wv:uwe", 'so "it" is'), make=extended) == (
        b"WV12XS7 SI=s8Kd XD=F XM=((XT,text/plain),(XS,10),(XR,((UI,wv:uwe))),"
        b'(XN,((UI,wv:ida@chat.example.org)))) XC="so ""it"" is"'
    )
    assert sent(delivered, ("m1",), 2, "7", "s", RESPONSE, extended) == b"WV12NX7 SI=s XI=m1"
    assert sent(*unwatched(), 3, make=extended) == b"WV13ZB7 SI=s8Kd UI=wv:uwe"
    assert sent(*mood(), make=extended) == b"WV12UP7 SI=s8Kd UV=((ZM,T,HAPPY))"


def test_the_extension_profile_is_offered_at_login():
    args = (User, None, None, ("MD5",), None, ())
    for make in (extended, refused):
        octets = sent(access._login, args, 2, "1", None, make=make)
        assert octets[:22] == b"WV12LR1 XP=1 UI=wv:ida"
    assert b" XP=" not in sent(nothing, (0x110,), make=extended)


def test_long_binary_content_comes_in_pieces():
    content = bytes(range(256)) * 4
    octets = sent(*message(("wv:uwe", "wv:eva"), content, "image/gif"), make=extended)
    start = octets.find(b' XC="') + 5
    assert octets[-1:] == b'"' and b'"' not in octets[start:-1]
    from binascii import a2b_base64

    assert a2b_base64(octets[start:-1]) == content


if __name__ == "__main__":
    from testing import run

    run(globals())
