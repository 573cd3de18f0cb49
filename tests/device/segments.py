"""Reads all that may be long, in answers of MOST octets: python segments.py URL SYNTAX MOST ME.

Prints how many contacts, blocked users, members of a group, and presences of contacts there are.
"""

import sys

from microimps import Client
from microimps.ports import http

url, syntax, most, me = sys.argv[1:]
bearer = http(url, most=int(most))
client = Client(bearer, me, "kestrel55", version=3, syntax=syntax)
client.login()
(name,) = [each for each in client.lists() if each.find("/friends@") > 0]
near = name.replace("friends", "near")


def count(items):
    n = 0
    for _ in items:
        n += 1
    return n


print("contacts", count(client.contacts(name)))
print("blocked", count(client.blocked()))
print("members", count(client.members("wv:%s/room@im.example.com" % me)))
print("presence", count(client.presence(lists=(near,), names=("OnlineStatus",))))
next(iter(client.contacts(name)))  # and one that is left: dropped with the next request
client.logout()
