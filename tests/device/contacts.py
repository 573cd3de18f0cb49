"""Reads all contact lists: python contacts.py URL VERSION SYNTAX ME. Prints counts and a sum."""

import sys

from microimps import Client
from microimps.ports import http

url, version, syntax, me = sys.argv[1:]
client = Client(http(url), me, "kestrel55", version=int(version), syntax=syntax)
client.login()
contacts = octets = 0
(name,) = client.lists()
for user, nick in client.contacts(name):
    contacts += 1
    octets += len(user) + len(nick)
client.logout()
print(contacts, octets)
