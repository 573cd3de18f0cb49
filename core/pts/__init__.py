"""CSP in plain text (pts.md): ``reader``, ``writer``, and the tables of codes that they know.

A table is octets, six for each row: the two letters, the level at which they mean something, the
element (page, token) or value word that they mean, and how its value is written. Levels: 0
transactions, 1 parameters, 2 capabilities, 3 services, 4 presence attributes, 5 their parts,
6 value words. The last octet of a row: bits 0 to 4 the form of the value (of a transaction: how
its users are wrapped), bits 5 and 6 where the row holds (0 anywhere, 1 in requests, 2 in answers,
3 in UpdatePresence; of a transaction: what it is, 0 for one that is only read), bit 7 set for a
private row of the extension profile. Made by tools/generate_pts.py from a table with sources.
"""


def find(table, key, at, where, private):
    """Offset of the first row that has the octets ``key`` from its octet ``at`` on, -1 for none.

    where: 1, 2 or 3, the kind of the message, -1 for any; private: take private rows too.
    """
    i = table.find(key)
    while i >= 0:
        if i % 6 == at:
            how = table[i - at + 5]
            place = how >> 5 & 3
            if (place == 0 or where < 0 or place == where) and (private or how < 0x80):
                return i - at
        i = table.find(key, i + 1)
    return -1
