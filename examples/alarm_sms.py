"""An alarm over SMS: a contact closes, somebody gets a message. No network but GSM.

Needs microimps with the features bearers, pts, sms and messaging, and a GSM modem on a UART; see
docs/sms.md for modems. The modem is used when there is something to say, and the session is ended
after it: an alarm takes about ten SMS.
"""

import time

from machine import Pin

from microimps import Client, Error
from microimps.ports import sms

# change these
MODEM = 1  # number of the UART
LINE = {"baudrate": 115200}  # on an ESP32 also "tx": 17, "rx": 16; and "power": Pin(4, Pin.OUT)
SERVICE = "+15553590"  # telephone number of the service
USER = "wv:barn@im.example.com"
PASSWORD = "secret"
OWNER = "wv:anna@im.example.com"
CONTACT = 12  # pin that is low while the door is open
TEXT = "The door of the barn is open"
CALM = 600  # seconds after an alarm in which there is no other
TIMES = -1  # how many alarms; -1 is without end


def tell(text):
    """Say it, however many tries it takes; the service keeps it until the owner is there."""
    pause = 10
    told = False
    while True:
        # extension: messages have no public codes in SMS, see docs/pts-extension.md
        client = Client(sms(MODEM, SERVICE, line=LINE), USER, PASSWORD, 3, "pts", extension=True)
        try:
            client.login()
            client.send(OWNER, text, validity=86400)
            told = True
            client.logout()
        except (OSError, Error) as e:
            print("trouble:", e)
        finally:
            client.close()
        if told:
            return
        time.sleep(pause)
        pause = min(2 * pause, 600)


def main():
    contact = Pin(CONTACT, Pin.IN, Pin.PULL_UP)
    left = TIMES
    while left:
        if contact.value():
            time.sleep_ms(100)
            continue
        print("alarm")
        tell(TEXT)
        print("told")
        left -= 1
        if left:
            time.sleep(CALM)


main()
