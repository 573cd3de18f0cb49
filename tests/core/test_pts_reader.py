# heap: 144K
"""The PTS reader: what it makes of every example, and of the variants that it takes."""

from reading import CLOSE, DONE, END, LEAF, NEED_MORE, START, TEXT, code, give

from microimps.errors import PeerError
from microimps.pts.extension import EXTENSION
from microimps.pts.reader import Reader
from microimps.words import spell
from microimps.xml.reader import Reader as XmlReader

FOLDER = (__file__.rpartition("/")[0] or ".") + "/../vectors/"
HOMES = ("www.wireless-village.org/", "www.openmobilealliance.org/DTD/WV-")
HOMES += ("www.openmobilealliance.org/DTD/IMPS-",)


def messages():
    """(octets, the same message as XML) of every example."""
    with open(FOLDER + "pts/messages.txt", "rb") as file:
        while True:
            octets = file.readline().strip()
            if not octets:
                return
            version, mode, tid, sid, primitive = file.readline().decode().strip().split(" ", 4)
            file.readline()
            session = "Inband" if sid != "-" else "Outband"
            identity = "<SessionID>%s</SessionID>" % sid if sid != "-" else ""
            yield (
                octets,
                (
                    '<WV-CSP-Message xmlns="http://%sCSP%s"><Session><SessionDescriptor><SessionType>'
                    "%s</SessionType>%s</SessionDescriptor><Transaction><TransactionDescriptor>"
                    "<TransactionMode>%s</TransactionMode><TransactionID>%s</TransactionID>"
                    "</TransactionDescriptor><TransactionContent>%s</TransactionContent></Transaction>"
                    "</Session></WV-CSP-Message>"
                    % (
                        HOMES[int(version[2]) - 1],
                        version,
                        session,
                        identity,
                        mode,
                        tid,
                        primitive,
                    )
                ).encode(),
            )


def pulled(reader, data, step=1000):
    """What pull() gives: (tag, parent, depth, text) of leaves, (tag, parent, depth) of closes."""
    found = []
    at = 0
    while True:
        event = reader.pull()
        if event == DONE:
            return found
        if event == NEED_MORE:
            if at == len(data):
                assert not reader.over, "ends too soon"
                reader.over = True
            else:
                at = give(reader, data, at, step)
        elif event == LEAF:
            found.append((reader.tag, reader.parent, reader.depth, reader.text()))
        else:
            assert event == CLOSE
            found.append((reader.tag, reader.parent, reader.depth))


def content(data, step=1000, reader=None):
    """Leaves and closes inside the primitive, as (tag, text) and tag."""
    found = pulled(reader or Reader(64), data, step)
    return [e[0] if len(e) < 4 else (e[0], e[3]) for e in found if e[2] > 4]


def test_every_example_reads_as_its_xml():
    count = 0
    for octets, xml in messages():
        wanted = pulled(XmlReader(1000), xml)
        reader = Reader(1000)
        for step in (1000, 1, 2, 3, 5, 7, 16):
            reader.reset()
            assert pulled(reader, octets, step) == wanted, octets
        assert reader.version == int(octets[3:4])
        count += 1
    assert count == 40


def test_every_cut_gives_the_same():
    for octets, _ in messages():
        whole = pulled(Reader(1000), octets)
        for cut in range(1, len(octets)):
            reader = Reader(512)
            give(reader, octets, 0, cut)
            events = 0
            while reader.next() != NEED_MORE:
                events += 1
            reader.room()[: len(octets) - cut] = octets[cut:]
            reader.feed(len(octets) - cut)
            reader.over = True
            while reader.next() != DONE:
                events += 1
            reader.reset()
            # the texts may come in other pieces, hence more events; never other leaves
            assert events >= len(whole)
            assert pulled(reader, octets, cut) == whole


def test_a_buffer_of_sixteen_octets_is_enough():
    for octets, _ in messages():
        assert pulled(Reader(16), octets) == pulled(Reader(1000), octets)


def test_events_of_next_balance():
    for octets, _ in messages():
        reader = Reader(1000)
        give(reader, octets, 0, 1000)
        reader.over = True
        depth = 0
        event = reader.next()
        while event != DONE:
            assert event in (START, TEXT, END)
            depth += (event == START) - (event == END)
            assert depth == reader.depth
            event = reader.next()
        assert depth == 0
        assert reader.next() == DONE


LIST = 0x00C
CONTACTS = b"WV12LG5 SI=s CL="


def test_single_value_list_and_repeats_are_the_same():
    one = [(LIST, "wv:a"), (LIST, "wv:b")]
    assert content(CONTACTS + b"(wv:a,wv:b)") == one
    assert content(CONTACTS + b"wv:a CL=wv:b") == one
    assert content(CONTACTS + b"(wv:a) CL=(wv:b)") == one


def test_codes_in_any_case():
    assert content(b"WV12lg5 si=s cl=wv:a") == [(LIST, "wv:a")]
    assert content(b"WV12ml5 cp=((dn,x))") == content(b"WV12ML5 CP=((DN,x))")


def test_quoting():
    for wire, text in (
        (b'"a b"', "a b"),
        (b'"a ""b"" (c), d=e&f"', 'a "b" (c), d=e&f'),
        (b'""', ""),
        (b'""""', '"'),
        (b'"""a"""', '"a"'),
    ):
        for step in (1, 2, 3, 100):
            assert content(CONTACTS + wire, step) == [(LIST, text)], wire
            assert content(CONTACTS + b"(x," + wire + b")", step) == [(LIST, "x"), (LIST, text)]


def test_blanks():
    assert content(b"WV12ST5 SI=s ST=200 ") == content(b"WV12ST5 SI=s  ST=200")
    assert content(b"WV12ST5 ") == []


def test_unquoted_values_of_the_android_client():
    # its presence values are not quoted: pts.md section 9
    at = content(b"WV12UP7 SI=s UV=((ST,T,back at 5))")
    assert at == content(b'WV12UP7 SI=s UV=((ST,T,"back at 5"))')


def test_brackets_of_presence():
    one = b"(wv:a,((OS,T,T),(UA,T,AV)))"
    plain = content(b"WV12PN5 PR=" + one)
    assert len(plain) == 9
    assert content(b"WV12PN5 PR=(" + one + b")") == plain
    assert content(b"WV12PN5 PR=(" + one + b"," + one + b")") == plain + plain
    assert content(b"WV12PN5 PR=" + one + b" PR=" + one) == plain + plain
    assert content(b"WV12PN5 PR=(wv:a)") == [(0x03A, "wv:a"), 0x022]
    assert content(b"WV12UP5 UV=(UA,T,AV)") == content(b"WV12UP5 UV=((UA,T,AV))")


def test_qualifiers():
    qualifier, value = 0x026, 0x024

    def attribute(text):
        return content(b"WV12UP5 UV=((OS" + text + b"))")[:-2]

    assert attribute(b",T,F") == [(qualifier, "T"), (value, "F")]
    assert attribute(b",,F") == [(value, "F")]
    assert attribute(b",T") == [(value, "T")]  # two items: a value
    assert attribute(b",T,") == [(qualifier, "T"), (value, "")]
    assert attribute(b",F,") == [(qualifier, "F")]
    assert attribute(b",T,T,x,(y)") == [(qualifier, "T"), (value, "T")]  # what follows is unknown


def test_unknown_codes_are_passed_over():
    plain = content(b"WV12ML5 ST=200 UN=((a,b)) RL=T")
    assert content(b'WV12ML5 QQ=(a,("b ) ",c)) ST=200 UN=((a,b,(c))) ZZ="x y" RL=T Q1=') == plain
    assert content(b"WV12PC2 AP=((QQ,1),(PM,30),(Q,(2,3)))") == content(b"WV12PC2 AP=((PM,30))")
    assert content(b"WV12SQ2 RF=(QQ,FF,(QZ,(A,B)),WV)") == content(b"WV12SQ2 RF=(FF)")
    assert content(b"WV12UP2 UV=((QQ,T,x),(UA,T,AV))") == content(b"WV12UP2 UV=((UA,T,AV))")


def test_a_word_that_has_no_code_is_its_text():
    assert content(b"WV12CP2 CA=((SB,HTTP),(SC,SHTTP),(CT,QQ))")[:3] == [
        (0x0CF, "HTTP"),
        (0x0D0, "SHTTP"),
        (0x14F, "QQ"),
    ]
    assert content(b"WV12UP2 UV=((ST,T,AV))")[1] == (0x024, "AV")  # a text, no coded word


def test_default_list_of_the_server_is_an_address():
    # pts.md section 4: DL from the server is DefaultContactList
    assert content(b"WV12LG5 DL=wv:a") == content(b"WV12LG5 DC=wv:a")


def test_blocked_list_is_read():
    found = pulled(Reader(), b"WV12BG6 SI=s BL=(wv:spam) ST=200")
    assert [e[0] for e in found if e[1] == 0x033] == [0x18C]
    assert [e[3] for e in found if e[0] == 0x036] == ["Response"]


def test_an_unknown_transaction_is_a_request_of_element_0():
    found = pulled(Reader(), b"WV12QQ8 SI=s XX=(1,2) YY=3")
    assert [e[0] for e in found if e[1] == 0x033] == [0]
    assert [e[3] for e in found if e[0] in (0x036, 0x035)] == ["Request", "8"]


def test_a_session_identity_that_comes_late_is_in_the_primitive():
    assert content(b"WV12ST6 ST=200 SI=s")[-1] == (0x02F, "s")


def test_the_only_part_may_have_its_letters():
    assert content(b"WV12ST6aa ST=200") == content(b"WV12ST6 ST=200")
    assert code(PeerError, content, b"WV12ST6ab ST=200") == 2  # parts are joined by the bearer


def test_values_that_are_no_lists_where_lists_belong():
    assert content(b"WV12ML5 UN=x CP=y") == [(0x01F, ""), (0x106, "")]
    assert content(b"WV12LG5 CL=() DC=a") == [(LIST, ""), (0x10A, "a")]
    assert content(b"WV12ML5 UN=()") == [(0x01F, "")]


def test_errors():
    for wire, wanted in (
        (b"", 1),
        (b"WV12ST", 1),
        (b"XV12ST6 ST=200", 2),
        (b"WV12STx", 2),
        (b"WV14ST6 ST=200", 7),
        (b"WVXXST6 ST=200", 7),
        (b"WV12ST6 ST", 1),
        (b"WV12ST6 ST:200", 2),
        (b"WV12ST6 ST=(200", 1),
        (b"WV12ST6 ST=200)", None),
        (b'WV12ST6 ST=(409,"x', 1),
        (b'WV12ST6 ST=(409,"x" y)', 2),
        (b'WV12LG5 CL="x"y', 2),
        (b"WV12LG5 CL=(a,b", 1),
        (b"WV12LG5 CL=(a)b", 2),
        (b"WV12ST6 QQ=(a,(b)", 1),
        (b'WV12ST6 QQ="a', 1),
        (b"WV12LG5 CL=\xff", 10),
    ):
        for step in (1, 3, 1000):
            assert code(PeerError, content, wire, step) == wanted, wire


def test_a_leaf_longer_than_allowed():
    reader = Reader(64, 16, 8)
    assert code(PeerError, content, CONTACTS + b"123456789", 5, reader) == 5
    reader.reset()
    assert content(CONTACTS + b"12345678", 5, reader) == [(LIST, "12345678")]


def test_nesting_is_limited():
    reader = Reader(64, 16, 128, EXTENSION)
    wire = b"WV12XN5 XM=" + b"((XM," * 20 + b"x" + b"))" * 20
    assert code(PeerError, content, wire, 1000, reader) == 4
    assert content(b"WV12ST5 QQ=" + b"(" * 300 + b")" * 300 + b" ST=200")  # passed over


def test_long_texts_stream():
    reader = Reader(32, 16, 16, EXTENSION)
    reader.stream = 0x00D
    text = b"0123456789" * 40
    wire = b'WV12XN5 XM=((XS,400)) XC="' + text + b'"'
    found = b""
    at = 0
    while True:
        event = reader.pull()
        if event == 2:
            found += bytes(reader.src[reader.start : reader.stop])
        elif event == NEED_MORE:
            reader.over = at == len(wire)
            at = give(reader, wire, at, 9)
        elif event == DONE:
            break
    assert found == text


def test_agreement_on_the_extension_profile():
    reader = Reader(64, 16, 128, EXTENSION)
    content(b"WV12RL1 ST=401 NO=x DI=MD5", 1000, reader)
    assert not reader.agreed
    reader.reset()
    content(b"WV12RL1 ST=200 SI=s XP=1", 1000, reader)
    assert reader.agreed
    reader.reset()
    content(b"WV12ST2 ST=200", 1000, reader)
    assert reader.agreed
    reader.reset()
    content(b"WV12RL3 ST=200 SI=s", 1000, reader)
    assert not reader.agreed


def test_words_come_as_numbers():
    reader = Reader()
    wire = b"WV12UP2 UV=((UA,T,NA))"
    give(reader, wire, 0, 100)
    reader.over = True
    while reader.pull() != LEAF or reader.tag != 0x024:
        pass
    assert spell(reader.word, reader.tag, reader.version) == b"NOT_AVAILABLE"


if __name__ == "__main__":
    from testing import run

    run(globals())
