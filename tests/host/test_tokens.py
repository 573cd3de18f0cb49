"""The tables have what the record says they have, and core has what the tables say."""

import shutil
from pathlib import Path

import pytest

from microimps.tokens import WORDS
from microimps.tools import generate
from microimps.tools.tables import VERSIONS, Table, rows, table
from microimps.words import COMMON, number, spell
from microimps.xml.names import ALIASES, NAMES

CORE = Path(__file__).resolve().parents[2] / "core"


def test_core_is_what_the_tables_say(capsys):
    assert generate.main(["--check", "--core", str(CORE)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "version, tags, words, attributes, public_id",
    [("1.1", 303, 97, 3, 0x10), ("1.2", 351, 106, 6, 0x11), ("1.3", 432, 188, 9, 0x12)],
)
def test_sizes_of_the_tables(version, tags, words, attributes, public_id):
    own = Table(version)  # without what it can read of the other versions
    tokens = [row for row in rows("tokens") if row["version"] == version]
    assert len(own.numbers) == tags
    assert sum(row["kind"] == "value_token" for row in tokens) == words
    assert len(own.attributes) == attributes
    assert own.public_id == public_id


@pytest.mark.parametrize(
    "version, number, name",
    [
        ("1.1", 0x09 << 6 | 0x0B, "AnswerOptionText"),  # unknown there: newest first
        ("1.2", 0x09 << 6 | 0x0B, "ReactiveAuthState"),
        ("1.3", 0x09 << 6 | 0x0B, "AnswerOptionText"),
        ("1.2", 0x03 << 6 | 0x14, "CIRURL"),
        ("1.3", 0x03 << 6 | 0x14, "CIRHTTPAddress"),
        ("1.2", 0x05 << 6 | 0x36, "ContentType"),  # decode-only
        ("1.3", 0x00 << 6 | 0x18, "InUse"),  # removed, but still read
    ],
)
def test_a_number_is_read_in_its_version_then_in_the_others(version, number, name):
    assert table(version).names[number] == name


@pytest.mark.parametrize(
    "version, token, element, word",
    [
        ("1.1", 0x68, 0x16F, "IM"),
        ("1.2", 0x68, 0x16F, "IM"),
        ("1.3", 0x68, 0x256, "AP"),
        ("1.2", 0x3D, 0x01E, "GROUP_ID"),
        ("1.3", 0x3D, 0x064, "GROUP_ID"),
        ("1.3", 0x3D, 0x01E, "History"),
        ("1.1", 0x5E, 0x000, "AUDIO_CALL"),
        ("1.3", 0x5E, 0x000, "AUDIO_CALL"),  # removed in 1.3
        ("1.3", 0xFE, 0x000, None),
    ],
)
def test_a_value_token_means_one_word(version, token, element, word):
    assert table(version).word(token, element) == word


@pytest.mark.parametrize(
    "version, word, element, parent, token",
    [
        ("1.1", "SMS", "Cap", "CommC", 0x75),
        ("1.1", "SMS", "SupportedBearer", "CapabilityList", 0x43),
        ("1.3", "IM", "Cap", "CommC", 0x12),
        ("1.2", "T", "Poll", "Session", 0x2C),
        ("1.2", "t", "Poll", "Session", None),
        ("1.2", "T", "SessionCookie", "Login-Request", None),  # any text may stand there
        ("1.2", "AVAILABLE", "PresenceValue", "UserAvailability", 0x5F),
        ("1.2", "AVAILABLE", "PresenceValue", "StatusText", None),
        ("1.2", "T", "PresenceValue", "Registration", 0x2C),
        ("1.3", "GROUP_ID", "SearchElement", "SearchPair", 0x3D),
        ("1.3", "History", "Name", "Property", None),
        ("1.1", "SHTTP", "SupportedCIRMethod", "CapabilityList", None),  # 1.2 on
        ("1.2", "SHTTP", "SupportedCIRMethod", "CapabilityList", 0xA5),
    ],
)
def test_a_word_is_sent_as_a_token_only_where_the_profile_has_it(
    version, word, element, parent, token
):
    found = table(version)
    assert found.token(word, found.numbers[element], parent) == token


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match=r"'1\.0' is not one of 1\.1, 1\.2, 1\.3"):
        table("1.0")


def _entries(blob: bytes, head: int) -> list[tuple[bytes, bytes]]:
    assert blob[:1] == blob[-1:] == b"\xff"
    return [(entry[:head], entry[head:]) for entry in blob[1:-1].split(b"\xff")]


def test_every_element_name_is_in_the_blob_of_the_xml_syntax():
    names = {((head[0] << 6) | head[1], name.decode()) for head, name in _entries(NAMES, 2)}
    assert names == {(n, name) for v in VERSIONS for name, n in Table(v).numbers.items()}
    newest = {}
    for key, name in _entries(NAMES, 2):
        newest.setdefault(key, name)  # what find() meets first
    assert newest[b"\x09\x0b"] == b"AnswerOptionText"
    assert newest[b"\x03\x14"] == b"CIRHTTPAddress"


def test_every_other_spelling_is_in_the_blob_for_reading():
    aliases = {name.decode(): (head[0] << 6) | head[1] for head, name in _entries(ALIASES, 2)}
    for version in VERSIONS:
        found = table(version)
        for other, name in found.aliases.items():
            # CIRHTTPAddress is an alias in 1.2 and a name in 1.3, with one number
            if other not in table("1.3").numbers:
                assert aliases.pop(other, found.numbers[name]) == found.numbers[name]
    assert not aliases


@pytest.mark.parametrize("version", VERSIONS)
def test_the_device_spells_every_word_as_the_tables_do(version):
    own = Table(version)
    for token, word in own.words.items():
        assert spell(token, 0, int(version[2])) == word.encode()
    for word, token in own.tokens.items():
        if word not in ("AP", "History"):  # two readings of a token: sent as text
            assert number(word) == token
    assert WORDS.count(b"\xff") == len(generate.words()) + 1


def test_the_common_words_of_a_board_are_those_of_the_tables():
    common = _entries(COMMON, 1)
    assert common and set(common) <= set(_entries(WORDS, 1))


def test_stale_files_are_shown_by_a_check_and_mended_without(tmp_path, capsys):
    core = tmp_path / "core"
    shutil.copytree(CORE, core, ignore=shutil.ignore_patterns("__pycache__"))
    module = core / "sample.py"
    block = "{}\n_Poll = const({})  # Poll\n_T = const(0x00)  # word T\n{}\n_Poll = const(1)\n"
    module.write_text(block.format(generate.BEGIN, "0", generate.END))
    (core / "tokens.py").unlink()

    assert generate.main(["--check", "--core", str(core)]) == 1
    shown = capsys.readouterr().out
    assert "-_Poll = const(0)  # Poll\n-_T = const(0x00)  # word T\n" in shown
    assert "+_Poll = const(0x021)  # Poll\n+_T = const(0x2C)  # word T\n" in shown
    assert "+WORDS = (" in shown
    assert not (core / "tokens.py").exists()

    assert generate.main(["--core", str(core)]) == 0
    assert generate.main(["--check", "--core", str(core)]) == 0
    assert (core / "tokens.py").read_bytes() == (CORE / "tokens.py").read_bytes()
    assert module.read_text().endswith("# end of tokens\n_Poll = const(1)\n")


@pytest.mark.parametrize(
    "line, message",
    [
        ("_A = const(0)  # Poll@1.1\n_B = const(0)  # CIRURL@1.3", "no such element"),
        ("_A = const(0)  # word Nothing", "no such element or value word"),
        ("_A = 5", "not a token line: _A = 5"),
    ],
)
def test_a_block_that_cannot_be_made_is_an_error(tmp_path, line, message):
    (tmp_path / "bad.py").write_text(f"{generate.BEGIN}\n{line}\n{generate.END}\n")
    with pytest.raises(SystemExit, match="bad.py: .*" + message):
        generate.main(["--core", str(tmp_path)])


def test_a_block_without_an_end_is_an_error(tmp_path):
    (tmp_path / "bad.py").write_text(f"{generate.BEGIN}\n_A = const(0)  # Poll\n")
    with pytest.raises(SystemExit, match="without its end mark"):
        generate.main(["--core", str(tmp_path)])


def test_a_version_chooses_between_two_elements_of_one_number():
    assert generate.constant(False, "CIRURL", "1.2") == 0x0D4
    assert generate.constant(False, "CIRHTTPAddress", None) == 0x0D4
    with pytest.raises(KeyError):
        generate.constant(False, "CIRURL", "1.3")
