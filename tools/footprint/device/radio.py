"""The modules ``network`` and ``machine`` of a board with Wi-Fi, as far as mqtt_as needs them."""

import sys

STA_IF = 0


def unique_id():
    return b"anna"


class WLAN:
    """A link that is always up."""

    def __init__(self, kind):
        pass

    def active(self, flag=True):
        return True

    def connect(self, name, password):
        pass

    def isconnected(self):
        return True

    def disconnect(self):
        pass


for _name in ("network", "machine"):
    sys.modules[_name] = sys.modules[__name__]
