"""Garbage of each operation: octets of heap that it takes while nothing is collected.

``run(url)`` prints lines of name, octets, repetitions. On CPython it only makes the same requests,
so that the answers can be recorded.
"""

import gc

from job import USER, make

_WARM = 10
_TIMES = 10
_CONTACTS = 200
_FEW = 2  # over SMS
_PATIENCE = 20000  # ms

alloc = getattr(gc, "mem_alloc", lambda: 0)


def contacts(client):
    """Garbage of contacts in the middle of a long list."""
    members = client.contacts()
    for _ in range(_CONTACTS):
        next(members)
    taken = alloc()
    for _ in range(_CONTACTS):
        next(members)
    taken = alloc() - taken
    for _ in members:
        pass
    print("contact received", taken, _CONTACTS)


def sending(client, times):
    """Garbage of messages sent. They are to the sender and wait for a poll."""
    taken = alloc()
    for _ in range(times):
        client.send(USER, "Hello")
    return alloc() - taken


def receiving(client):
    """Garbage and number of the messages that wait, each with its poll and acknowledgement."""
    taken = alloc()
    count = 0
    for _ in client.events(0):
        count += 1
    return alloc() - taken, count


def over_sms(client):
    """Messages over SMS, by a client that has logged in; its modules stay loaded meanwhile."""
    gc.disable()
    client.bearer.modem.forget = None
    for times in (1, _FEW):
        taken = sending(client, times)
        if times == _FEW:
            print("message sent over SMS", taken, times)
        taken = alloc()
        for _ in client.events(_PATIENCE):
            times -= 1
            if not times:
                break
        taken = alloc() - taken
    print("message received over SMS", taken, _FEW)
    gc.enable()


def run(url):
    """Measure everything over one session, each operation after it was done some times."""
    gc.disable()
    client = make(url, "wbxml")
    client.login()
    for _ in client.contacts():
        pass
    contacts(client)
    sending(client, _WARM)
    receiving(client)
    receiving(client)
    sending(client, 1)  # loads its area again
    print("message sent", sending(client, _TIMES), _TIMES)
    receiving(client)
    taken = 0
    for _ in range(_TIMES):
        taken += receiving(client)[0]
    print("empty poll", taken, _TIMES)
    sending(client, _TIMES)
    print("message received", *receiving(client))
    client.logout()
    client.close()
    gc.enable()
