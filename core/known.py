"""What is known of a user: the item of presence, apart from the area that reads it.

An application keeps such items, and each keeps its class, and with that the module which the class
stands in: an area would stay in memory for as long.
"""


class Presence:
    """What is known of a user, by the names of presence.md.

    user: address; values: name -> str, or for an attribute of several parts a list of (name,
    str or again such a list) as they came; None for one that is hidden or switched off
    (Qualifier F) and for a text longer than the reader keeps. One that was not told is not there.
    clients: in 1.3, identity of each client of the user -> its own ``values``; of these ``values``
    has the first, and OnlineStatus "T" if one of them is online.
    """

    kind = "presence"

    def __init__(self, user=None):
        self.user = user
        self.values = {}
        self.clients = {}

    def get(self, name, part=None):
        """An attribute's value, or that of one part of it; None where there is none."""
        value = self.values.get(name)
        if not isinstance(value, list):
            return None if part else value
        for each in value:
            if each[0] == (part or "PresenceValue"):
                return each[1]
        return None if part else value

    def merge(self, news):
        """Take in a notification: attributes that it lacks stay (presence.md section 6).

        One that it has is told anew for all clients of the user.
        """
        for told in self.clients.values():
            for each in news.values:
                told.pop(each, None)
        for client, told in news.clients.items():
            self.clients.setdefault(client, {}).update(told)
        self.values.update(news.values)

    def shown(self):
        """ "offline", "away", "busy" or "available", by the rule of presence.md section 6."""
        if self.get("OnlineStatus") != "T":
            return "offline"
        a = self.get("UserAvailability")
        return "away" if a == "NOT_AVAILABLE" else "busy" if a == "DISCREET" else "available"
