"""Is in a group: python members.py URL VERSION SYNTAX ME GROUP. Prints what it finds there."""

import sys

from microimps import Client
from microimps.ports import http

url, version, syntax, me, group = sys.argv[1:]
client = Client(http(url), me, "kestrel55", version=int(version), syntax=syntax)
client.login()
print("note", client.join(group))
members = octets = 0
for user, name, level in client.members(group):
    members += 1
    octets += len(user) + len(name) + len(level)
print("members", members, octets)
shown, own = client.group_properties(group)
print("properties", shown["Topic"], shown["ActiveUsers"], own["PrivilegeLevel"])
print("sent", client.send(None, "from the board", group=group) is not None)
client.leave(group)
client.logout()
