"""One end of a conversation: python conversation.py URL VERSION SYNTAX ME OTHER.

Logs in, makes a list, watches the other, and answers what the other says, until told to stop.
Prints what happened, a line each, for the other end to check.
"""

import sys

from microimps import Client
from microimps.ports import http

url, version, syntax, me, other = sys.argv[1:]
client = Client(http(url), me, "kestrel55", version=int(version), syntax=syntax)
client.login()
name = client.create_list("friends", "Friends", True, ((other, "Bo"),))
print("list", name in list(client.lists()), list(client.contacts()))
client.subscribe(lists=[name])
(known,) = client.events(0)  # what is so now comes at once
print("presence", known.user, known.shown(), known.get("StatusText"))
client.update_presence(OnlineStatus=True, UserAvailability="DISCREET", StatusText="Out & about")
print("sent", bool(client.send(other, "from the board: h\u00e9 <you> & \u20ac", report=True)))
listening = True
while listening:
    for event in client.events(0):
        if event.kind == "presence":
            known.merge(event)  # a notification tells what has changed
            print("presence", known.user, known.shown(), known.get("StatusText"))
        elif event.kind == "report":
            print("report", event.code)
        elif event.text == "stop":
            listening = False
        else:
            print("message", event.sender, len(event.content))
            client.send(event.sender, event.text)
    client.bearer.port.sleep_ms(50)
client.remove_contact(None, other)
client.delete_list("friends")
client.logout()
client.close()
print("done")
