"""What is measured of mqtt_as: connect, subscribe, publish, receive that.

``micropython -m peer_mqtt_as HOST:PORT`` prints done.
"""

import radio  # noqa: F401


async def session(where):
    from mqtt_as import MQTTClient, config

    config["server"], _, number = where.rpartition(":")
    config["port"] = int(number)
    config["queue_len"] = 1
    client = MQTTClient(config)
    await client.connect(quick=True)
    await client.subscribe("anna", 0)
    await client.publish("anna", "Hello", qos=0)
    async for _, text, _ in client.queue:
        if text != b"Hello":
            raise ValueError("message")
        break
    return client


def run(where):
    import asyncio

    return asyncio.run(session(where))


if __name__ == "__main__":
    import asyncio
    import sys

    asyncio.run(run(sys.argv[1]).disconnect())
    print("done")
