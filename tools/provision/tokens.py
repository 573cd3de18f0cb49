"""Tokens of OMA Client Provisioning documents (PROV 1.0), by code page.

spec: provisioning.md section 1.4 for the application part; the rest is that of libwbxml, against
which the tests hold every row.
"""

from __future__ import annotations

# @ and the token of the first name of a run; a dot leaves one out.
_PARMS = {
    0: """@07 NAME NAP-ADDRESS NAP-ADDRTYPE CALLTYPE VALIDUNTIL AUTHTYPE AUTHNAME AUTHSECRET LINGER
        BEARER NAPID COUNTRY NETWORK INTERNET PROXY-ID PROXY-PROVIDER-ID DOMAIN PROVURL PXAUTH-TYPE
        PXAUTH-ID PXAUTH-PW STARTPAGE BASAUTH-ID BASAUTH-PW PUSHENABLED PXADDR PXADDRTYPE TO-NAPID
        PORTNBR SERVICE LINKSPEED DNLINKSPEED LOCAL-ADDR LOCAL-ADDRTYPE CONTEXT-ALLOW TRUST MASTER
        SID SOC WSP-VERSION PHYSICAL-PROXY-ID CLIENT-ID DELIVERY-ERR-SDU DELIVERY-ORDER
        TRAFFIC-CLASS MAX-SDU-SIZE MAX-BITRATE-UPLINK MAX-BITRATE-DNLINK RESIDUAL-BER
        SDU-ERROR-RATIO TRAFFIC-HANDL-PRIO TRANSFER-DELAY GUARANTEED-BITRATE-UPLINK
        GUARANTEED-BITRATE-DNLINK
        @47 PULLENABLED DNS-ADDR MAX-NUM-RETRY FIRST-RETRY-TIMEOUT REREG-THRESHOLD T-BIT .
        AUTH-ENTITY
        SPI""",
    1: """@07 NAME @14 INTERNET @1C STARTPAGE @22 TO-NAPID PORTNBR SERVICE
        @2E AACCEPT AAUTHDATA AAUTHLEVEL AAUTHNAME AAUTHSECRET AAUTHTYPE ADDR ADDRTYPE APPID
        APROTOCOL PROVIDER-ID TO-PROXY URI RULE""",
}
_TYPES = {
    0: """@51 PXLOGICAL PXPHYSICAL PORT VALIDITY NAPDEF BOOTSTRAP VENDORCONFIG CLIENTIDENTITY
        PXAUTHINFO NAPAUTHINFO ACCESS""",
    1: "@53 PORT @55 APPLICATION APPADDR APPAUTH CLIENTIDENTITY RESOURCE",
}
_VALUES = {
    0: """@85 IPV4 IPV6 E164 ALPHA APN SCODE TETRA-ITSI MAN
        @90 ANALOG-MODEM V.120 V.110 X.31 BIT-TRANSPARENT DIRECT-ASYNCHRONOUS-DATA-SERVICE
        @9A PAP CHAP HTTP-BASIC HTTP-DIGEST WTLS-SS MD5
        @A2 GSM-USSD GSM-SMS ANSI-136-GUTS IS-95-CDMA-SMS IS-95-CDMA-CSD IS-95-CDMA-PACKET
        ANSI-136-CSD ANSI-136-GPRS GSM-CSD GSM-GPRS AMPS-CDPD PDC-CSD PDC-PACKET IDEN-SMS IDEN-CSD
        IDEN-PACKET FLEX/REFLEX PHS-SMS PHS-CSD TETRA-SDS TETRA-PACKET ANSI-136-GHOST MOBITEX-MPAK
        @C5 AUTOBAUDING
        @CA CL-WSP CO-WSP CL-SEC-WSP CO-SEC-WSP CL-SEC-WTA CO-SEC-WTA OTA-HTTP-TO OTA-HTTP-TLS-TO
        OTA-HTTP-PO OTA-HTTP-TLS-PO
        @E0 AAA HA""",
    1: "@8D APPSRV OBEX",
}

TAGS = {0x05: "wap-provisioningdoc", 0x06: "characteristic", 0x07: "parm"}

Start = tuple[str, str]  # attribute, and the beginning of its value


def _runs(text: str) -> dict[int, str]:
    found, at = {}, 0
    for word in text.split():
        if word[0] == "@":
            at = int(word[1:], 16)
            continue
        if word != ".":
            found[at] = word
        at += 1
    return found


def _starts(page: int) -> dict[int, Start]:
    found: dict[int, Start] = {0x05: ("name", ""), 0x06: ("value", ""), 0x50: ("type", "")}
    found |= {token: ("name", name) for token, name in _runs(_PARMS[page]).items()}
    found |= {token: ("type", name) for token, name in _runs(_TYPES[page]).items()}
    if page == 0:
        found |= {0x45: ("version", ""), 0x46: ("version", "1.0")}
    return found


STARTS = {page: _starts(page) for page in (0, 1)}
VALUES = {page: _runs(_VALUES[page]) for page in (0, 1)}

# The way back: what is on both pages, or on the first, is written with the first.
TAG_OF = {tag: token for token, tag in TAGS.items()}
START_OF = {start: (page, token) for page in (1, 0) for token, start in STARTS[page].items()}
VALUE_OF = {value: (page, token) for page in (1, 0) for token, value in VALUES[page].items()}
