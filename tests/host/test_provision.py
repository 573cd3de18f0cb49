"""Settings of an account: documents, management trees, pushes and the command."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from microimps.tools.cli import app
from microimps.tools.gsm import Message, tpdu
from microimps.tools.provision import document, management, push, wbxml
from microimps.tools.provision.account import Account, ProvisionError, faults, named, warnings
from microimps.tools.provision.reading import read
from microimps.tools.provision.settings import decode as read_settings

# spec: provisioning.md section 1.3
DOCUMENT = b"""<wap-provisioningdoc version="1.1">
  <characteristic type="NAPDEF">
    <parm name="NAPID" value="INET"/><parm name="NAME" value="Internet"/>
    <parm name="BEARER" value="GSM-GPRS"/><parm name="NAP-ADDRTYPE" value="APN"/>
  </characteristic>
  <characteristic type="APPLICATION">
    <parm name="APPID" value="wA"/><parm name="NAME" value="Example chat"/>
    <parm name="TO-NAPID" value="INET"/>
    <characteristic type="APPADDR">
      <parm name="ADDR" value="http://imps.example.org/csp"/>
    </characteristic>
    <characteristic type="APPAUTH">
      <parm name="AAUTHLEVEL" value="APPSRV"/><parm name="AAUTHNAME" value="ann@example.org"/>
      <parm name="AAUTHSECRET" value="secret"/>
    </characteristic>
  </characteristic>
</wap-provisioningdoc>"""
ACCOUNT = Account(
    "Example chat",
    "http://imps.example.org/csp",
    "ann@example.org",
    "secret",
    networks=("INET",),
)
# the same application as a phone maker's tests had it: section 1.4; octets by hand
BY_HAND = (
    b"\x03\x0b\x6a\x05wA\0x\0"
    b"\xc5\x46\x01"  # wap-provisioningdoc version=1.0
    b"\xc6\x00\x01\x55\x01"  # page 1: characteristic type=APPLICATION
    b"\x87\x36\x00\x00\x06\x03wa\0\x01"  # APPID, page 0, value
    b"\x87\x07\x06\x03Cha\0\x02\x74\x01"  # NAME, an entity behind the string
    b"\x87\x00\x01\x34\x00\x00\x06\x03http://h/\0\x01"  # ADDR, not in APPADDR
    b"\x87\x00\x01\x38\x06\x83\x03\x01"  # PROVIDER-ID from the table; the page stays
    b"\xc6\x57\x01\x87\x31\x06\x03ann\0\x01\x87\x30\x06\x8d\x01\x87\x32\x06\xc3\x02pw\x01\x01"
    b"\x01\x01"
)


def test_xml():
    assert read(DOCUMENT).accounts == [ACCOUNT]
    assert read(b"\xef\xbb\xbf" + DOCUMENT).accounts == [ACCOUNT]
    assert read(DOCUMENT.decode().encode("utf-16")).accounts == [ACCOUNT]


def test_wbxml_by_hand():
    (account,) = read(BY_HAND).accounts
    assert account == Account("Chat", "http://h/", "ann", "pw", provider="x")


def test_every_cut_of_a_document_is_an_error():
    for end in range(len(BY_HAND)):
        with pytest.raises(ProvisionError):
            read(BY_HAND[:end])


def test_documents_that_are_none():
    deep = b"\x03\x0b\x6a\x00" + b"\x45" * 40
    for octets in (
        b"",
        b"hello",
        b"<a/>",
        b"<wap-provisioningdoc",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b"\x03\x04\x6a\x00\x45\x01",  # another public id
        b"\x03\x0b\x11\x00\x45\x01",  # another charset
        b"\x03\x0b\x6a\x00\x86\x01",  # another root
        b"\x03\x0b\x6a\x00\xc5\x46\x03\xff\0\x01\x01",  # not UTF-8
        b"\x03\x0b\x6a\xff\xff\xff\xff\xff\x7f\x45\x01",
        b"\x03\x0b\x6a\x00\xc5\x06\x83\x09\x01\x01",  # outside the string table
        b"\x03\x0b\x6a\x00\xc5\x06\x02\x83\xb0\x00\x01\x01",  # a surrogate
        deep,
        b"abc",
        b"0a0b",
    ):
        with pytest.raises(ProvisionError):
            read(octets)


@given(st.binary(max_size=80))
def test_garbage_is_an_error_or_nothing(octets):
    for head in (b"", b"\x03\x0b\x6a\x00", b"\x01\x06", b"\x01\x06\x03\xb6"):
        try:
            assert isinstance(read(head + octets).accounts, list)
        except ProvisionError:
            pass


def account(**fields):
    return Account(**{"name": "n", "url": "https://h/", **fields})


text = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=29)
accounts = st.builds(
    Account,
    name=text.filter(lambda name: name.isprintable() and name),
    url=text.map(lambda path: "http://h/" + path),
    user=text,
    password=text,
    provider=text,
    services=st.lists(st.sampled_from(("IM", "PS", "GR")), unique=True).map(tuple),
    types=st.sampled_from(((), ("application/vnd.wv.csp.wbxml",), ("a/b", "c/d"))),
    networks=st.lists(text.filter(bool), max_size=2).map(tuple),
    proxies=st.lists(text.filter(bool), max_size=2).map(tuple),
    prefix=text,
)


@given(st.lists(accounts, min_size=1, max_size=3, unique_by=lambda each: each.name))
def test_what_is_written_is_read(found):
    root = document.build(found)
    assert read(document.to_wbxml(root)).accounts == found
    assert read(document.to_xml(root)).accounts == found
    assert read(push.pack(document.to_wbxml(root))).accounts == found


@given(st.lists(accounts, min_size=1, max_size=3, unique_by=lambda each: each.name))
def test_a_tree_holds_what_it_has_nodes_for(found):
    kept = [
        Account(e.name, e.url, e.user, e.password, services=e.services, networks=e.networks[:1])
        for e in found
    ]
    result = read(management.to_xml(management.build(found)))
    assert result.form == "tree" and result.accounts == kept


def test_tree():
    # spec: provisioning.md section 2
    def node(name, *inside, value=None):
        said = "" if value is None else f"<Value>{value}</Value>"
        return f"<Node><NodeName>{name}</NodeName>{said}{''.join(inside)}</Node>"

    def leaf(name, value):
        return node(name, value=value)

    def auth(level, name):
        leaves = leaf("AAuthLevel", level) + leaf("AAuthName", name) + leaf("AAuthSecret", "s")
        return node(f"A{name}", leaves)

    whole = node(
        "IMPS",
        node(
            "X1",
            leaf("AppID", "wA"),
            leaf("PrefAddr", "https://h/"),
            leaf("Services", "GR;PR;im;XX;IM"),
            leaf("PrefConRef", "AP/1"),
            node("AppAuth", auth("CLIENT", "other"), auth("", "ann")),
        ),
        node("X2", leaf("AppID", "w7"), leaf("PrefAddr", "https://mail/")),
        node("X3", leaf("Name", "no address")),
    )
    xml = f'<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>{whole}</MgmtTree>'
    (found,) = read(xml.encode()).accounts
    assert found == Account(
        "IMPS", "https://h/", "ann", "s", services=("GR", "PS", "IM"), networks=("AP/1",)
    )


def settings_message(table=b""):
    """WVSettings by hand: section 3."""

    def text(token, value):
        return bytes((token | 0x40, 3)) + value + b"\0\x01"

    common = text(0x14, b"Example chat") + text(0x0F, b"INET")
    common += text(0x17, b"1.1") + text(0x17, b"1.2")
    common += text(0x18, b"ann@example.org") + text(0x08, b"secret") + b"\x49\x03HTTP\0\x01"
    sms = text(0x11, b"+15550100") + text(0x10, b"T") + text(0x16, b"+15550199")
    proxy = text(0x0B, b"10.0.0.1") + text(0x0D, b"8080")
    http = text(0x12, b"http://imps.example.org/csp") + text(0x10, b"T") + b"\x4a" + proxy + b"\1"
    body = text(0x07, b"1.0") + b"\x45" + common + b"\x01\x55" + sms + b"\x01\x46" + http + b"\1"
    return b"\x01\x7e\x6a" + bytes((len(table),)) + table + b"\x53" + body + b"\x01"


def test_the_older_message():
    expected = replace(
        ACCOUNT,
        versions=("1.1", "1.2"),
        proxies=("10.0.0.1",),
        number="+15550100",
        centre="+15550199",
    )
    for octets in (settings_message(), settings_message(b"abc\0")):
        for form in (octets, octets.hex().encode()):
            assert read(form).accounts == [expected] and read(form).form == "settings"
    root = read_settings(settings_message())
    assert read(tostring(root)).accounts == [expected]
    root.remove(root.find("WVHTTP"))
    (by_sms,) = read(tostring(root)).accounts
    assert by_sms.url == "" and list(faults(by_sms)) == []
    root.remove(root.find("WVSMS"))
    assert read(tostring(root)).accounts == []
    octets = settings_message()
    for end in range(5, len(octets)):
        with pytest.raises(ProvisionError):
            read(octets[:end])


def test_both_sources_fill_the_same_account():
    tree = management.to_xml(management.build([ACCOUNT]))
    assert read(tree).accounts == read(DOCUMENT).accounts


def test_rules():
    def application(*parms):
        inside = "".join(f'<parm name="{n}" value="{v}"/>' for n, v in parms)
        return f'<characteristic type="APPLICATION">{inside}</characteristic>'

    def found(*applications):
        whole = "<wap-provisioningdoc>" + "".join(applications) + "</wap-provisioningdoc>"
        return read(whole.encode()).accounts

    one = (("APPID", "WA"), ("ADDR", "http://h/"))
    assert found(application(*one, ("NAME", "a"), ("NAME", "b")))[0].name == "a"  # the first
    assert found(application(("APPID", "w7"), one[1]), application(one[0])) == []
    names = [each.name for each in found(*[application(*one, ("NAME", "x" * 40))] * 3)]
    assert names == ["x" * 30, "x" * 26 + "(01)", "x" * 26 + "(02)"]
    assert found(application(*one))[0].name == "IMPS"
    assert found(application(*one, ("SERVICES", "PR;IM")))[0].services == ("PS", "IM")
    assert found(application(*one, ("CIDPREFIX", "p")))[0].options()["client"] == "p"


def test_options_of_a_client():
    assert ACCOUNT.options() == {
        "url": "http://imps.example.org/csp",
        "user": "wv:ann@example.org",
        "password": "secret",
    }
    assert account(types=("application/vnd.wv.csp+xml",)).options()["syntax"] == "xml"
    assert account(user="wv:a").address == "wv:a"


def test_check():
    assert not list(faults(ACCOUNT))
    assert not list(warnings(account(user="a", password="b")))
    for wrong in (account(url=""), account(url="ftp://h/"), account(user="a\n")):
        assert len(list(faults(wrong))) == 1
    for odd in (
        account(user="a"),
        account(user="a" * 51, password="b"),
        account(user="a", password="b", url="http://h/"),
        account(user="a", password="b", url="https://h/" + "x" * 100),
        account(user="a", password="b", name="x" * 31),
    ):
        assert len(list(warnings(odd))) == 1
    assert named([account(), account()])[1].name == "n(01)"


# WAP push

BODY = document.to_wbxml(document.build([ACCOUNT]))


def test_push_heads():
    for head in (
        b"\x01\xb6",
        b"\x03\xb6\xaf\x80",
        b"\x2aapplication/vnd.wap.connectivity-wbxml\0",
        b"\x02\x01\xb6",
        b"\x03\x1f\x01\xb6",
    ):
        head = head if head[0] != 0x2A else bytes((len(head) - 1,)) + head[1:]
        assert read(b"\x09\x06" + head + BODY).accounts == [ACCOUNT]
    for head in (b"\x03\xc6\xaf\x8a", b"\x01\xae", b"\x00", b"\x05\xb6", b"\x02\x09\xb6"):
        with pytest.raises(ProvisionError):
            read(b"\x09\x06" + head + (BODY if head != b"\x05\xb6" else b""))


def test_seal():
    cases = {0: ("", "123456789012345"), 1: ("1234", ""), 2: ("1234", "12345678901234")}
    for seal, (pin, imsi) in cases.items():
        found = push.unpack(push.pack(BODY, seal, push.key_of(seal, pin, imsi)))
        assert (found.seal, found.body) == (seal, BODY)
        assert push.sealed(found, pin, imsi)
        assert not push.sealed(found, pin + "0", imsi.replace("1", "2") or "1")
        other = push.Push(found.body + b"\0", found.seal, found.mac)
        assert not push.sealed(other, pin, imsi)
        with pytest.raises(ProvisionError, match="needs"):
            push.sealed(found)
    with pytest.raises(ProvisionError, match="unsigned"):
        push.sealed(push.unpack(push.pack(BODY)))
    # the number of a SIM as its file holds it: a nibble for parity, digits with halves swapped
    assert push.key_of(0, "", "262011234567890").hex() == "2926102143658709"
    assert push.key_of(0, "", "12345678901234").hex() == "11325476981032f4"


def deliveries(octets):
    """The short messages that bring a push, as a modem lists them."""
    size = 128
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    when = datetime(2026, 1, 1, tzinfo=timezone.utc)
    found = []
    for number, piece in enumerate(pieces, 1):
        header = ((5, b"\x0b\x84\x23\xf0"), (0, bytes((7, len(pieces), number))))
        message = Message("+15551", "+15552", piece, header, 4)
        found.append("00" + tpdu.deliver(message, when).hex().upper())
    return found


def test_short_messages():
    lines = deliveries(push.pack(BODY, 1, push.key_of(1, "1234")))
    assert len(lines) > 1
    for order in (lines, lines[::-1]):
        found = read("\n".join(order).encode())
        assert found.accounts == [ACCOUNT] and push.sealed(found.pushed, "1234")
    with pytest.raises(ProvisionError, match="part 2 of"):
        read(lines[0].encode())
    with pytest.raises(ProvisionError):
        read(b"00FF00")


# the command


@pytest.fixture
def run(tmp_path):
    def run(*arguments, **files):
        for name, octets in files.items():
            (tmp_path / name).write_bytes(octets)
        given = [str(tmp_path / a[1:]) if a[:1] == "@" else a for a in arguments]
        return CliRunner().invoke(app, ["provision", *given])

    return run


def test_show(run):
    done = run("show", "@f", f=DOCUMENT)
    assert done.exit_code == 0 and "wv:" not in done.stdout
    assert "http://imps.example.org/csp" in done.stdout and "secret" not in done.stdout
    done = run("show", "@f", "--json", "--secret", f=BODY.hex().encode())
    told = json.loads(done.stdout)
    assert told["password"] == "secret" and told["networks"] == ["INET"]
    done = run("show", "@f", f=push.pack(BODY))
    assert done.exit_code == 0 and "unsigned" in done.stderr
    done = run("show", "@f", f=b"<wap-provisioningdoc/>")
    assert done.exit_code == 1 and "wA" in done.stderr
    assert run("show", "@absent").exit_code == 1


def test_check_command(run):
    done = run("check", "@f", f=DOCUMENT)
    assert done.exit_code == 0 and "1 usable" in done.stdout and "https" in done.stdout
    sealed_ = push.pack(BODY, 1, push.key_of(1, "1234"))
    assert run("check", "@f", "--pin", "1234", f=sealed_).exit_code == 0
    assert run("check", "@f", "--pin", "4321", f=sealed_).exit_code == 1
    assert run("check", "@f", f=push.pack(BODY)).exit_code == 1
    assert run("check", "@f", f=b"<wap-provisioningdoc/>").exit_code == 1
    bad = document.to_xml(document.build([account(url="mailto:x")]))
    assert "not an http" in run("check", "@f", f=bad).stdout


def test_write(run, tmp_path):
    options = ("--name", "n", "--url", "https://h/", "--user", "u", "--password", "p")
    more = ("--provider", "o", "--service", "im", "--service", "PS", "--type", "a/b")
    wanted = Account("n", "https://h/", "u", "p", "o", ("IM", "PS"), ("a/b",))
    for form in ("xml", "wbxml", "push"):
        assert run("write", "--to", form, *options, *more, "-o", "@out").exit_code == 0
        assert read((tmp_path / "out").read_bytes()).accounts == [wanted]
    done = run("write", "@f", "--to", "tree", "--user", "bo", f=DOCUMENT)
    assert read(done.stdout.encode()).accounts[0].user == "bo"
    run("write", "@f", "--to", "push", "--pin", "77", "-o", "@out", f=DOCUMENT)
    assert push.sealed(push.unpack((tmp_path / "out").read_bytes()), "77")
    done = run("write", "--name", "n")
    assert done.exit_code == 1 and "address" in done.stderr


def test_an_account_by_sms_alone_is_not_written(run):
    root = read_settings(settings_message())
    root.remove(root.find("WVHTTP"))
    shown = run("show", "@f", f=tostring(root))
    assert shown.exit_code == 0 and "+15550100" in shown.output
    assert run("check", "@f", f=tostring(root)).exit_code == 0
    written = run("write", "@f", f=tostring(root))
    assert written.exit_code == 1 and "give --url" in written.stderr


def test_unknown_elements_cannot_be_written():
    root = document.build([ACCOUNT])
    root[0].tag = "other"
    with pytest.raises(ProvisionError):
        wbxml.encode(root)
