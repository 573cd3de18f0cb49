"""What the board does in the SMS demonstration; also runs on CPython, unchanged.

Arguments: device of the modem, number of the service, own address, password, the friend's address,
ms to wait for an answer. Every line it prints begins with a word that tells the step.
"""

import gc
import sys
import time

from microimps import Client
from microimps.ports import sms


def main(device, number, user, password, friend, timeout):
    bearer = sms(device, number, timeout=int(timeout))
    bearer.modem.gap_ms = 0
    client = Client(bearer, user, password, 3, "pts", extension=True)
    client.login()
    print("login", client.session.id)
    client.create_list("friends", "Friends", True, ((friend, "Bo"),))
    for address, nick in client.contacts():
        print("contact", address, nick)
    client.subscribe((friend,), names=("OnlineStatus", "UserAvailability", "StatusText"))
    client.update_presence(
        OnlineStatus=True, UserAvailability="AVAILABLE", StatusText="Out on the moor"
    )
    client.send(friend, "Hello from the board, over SMS alone!")
    print("sent")
    end = time.time() + 60
    over = False
    while not over and time.time() < end:
        for event in client.events(500):
            if event.kind == "presence":
                print("presence", event.user, event.shown(), event.get("StatusText") or "")
            elif event.kind == "message":
                print("message", event.sender, event.text)
                over = event.text == "Good bye!"
    client.send(friend, "Good bye, and thanks for the talk!")
    client.logout()
    client.close()
    print("cost", bearer.sent, bearer.received, bearer.octets, bearer.assembly.repeats)
    if hasattr(gc, "mem_alloc"):
        gc.collect()
        print("heap", gc.mem_alloc(), gc.mem_alloc() + gc.mem_free())
    print("done")


main(*sys.argv[1:])
