"""What is measured of requests: get a page of five octets.

``micropython -m peer_requests HOST:PORT`` prints done.
"""


def run(where):
    import requests

    answer = requests.get("http://" + where + "/")
    if answer.text != "Hello":
        raise ValueError("page")
    return answer


if __name__ == "__main__":
    import sys

    run(sys.argv[1]).close()
    print("done")
