"""Reads the block and grant lists: blocked.py URL VERSION SYNTAX ME. Prints a count and a sum."""

import sys

from microimps import Client
from microimps.ports import http

url, version, syntax, me = sys.argv[1:]
client = Client(http(url), me, "kestrel55", version=int(version), syntax=syntax)
client.login()
entities = octets = 0
for _, entity in client.blocked():
    entities += 1
    octets += len(entity[1])
client.logout()
print(entities, octets)
