"""What is measured of umqtt.simple: connect, subscribe, publish, receive that.

``micropython -m peer_umqtt HOST:PORT`` prints done.
"""


def run(where):
    from umqtt.simple import MQTTClient

    host, _, number = where.rpartition(":")
    client = MQTTClient("anna", host, int(number))
    heard = []
    client.set_callback(lambda topic, text: heard.append(text))
    client.connect()
    client.subscribe(b"anna")
    client.publish(b"anna", b"Hello")
    client.wait_msg()
    if heard != [b"Hello"]:
        raise ValueError("message")
    return client


if __name__ == "__main__":
    import sys

    run(sys.argv[1]).disconnect()
    print("done")
