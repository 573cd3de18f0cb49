"""`microimps sim --sms`: the service on SMS from the command line."""

import json
import os
import signal
import subprocess

import pytest
from gsm_wire import SERVICE, A, wait_for
from third_party import free_ports

from conftest import COMMAND
from microimps import Client
from microimps.ports import sms
from microimps.tools.sim import Config, ConfigError, sms_option
from microimps.tools.sim.carriers import ModemCarrier, SmppCarrier


def start(*options):
    return subprocess.Popen(
        [*COMMAND, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def sim(*options):
    """The service, with a user; its first line when it is ready."""
    ports = "--port", 0, "--cir-port", -1
    process = start("sim", *ports, "--user", "anna:secret", "--json", *options)
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return process, json.loads(line)["ready"]


def stop(*processes):
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()


def talk(device):
    """Log in over the modem there, and out again."""
    bearer = sms(device, SERVICE)
    bearer.modem.gap_ms = 0
    client = Client(bearer, "anna", "secret", 3, "pts", schemes=())
    try:
        client.login()
        client.logout()
    finally:
        client.close()
    return bearer.sent


def test_a_network_of_its_own():
    process, ready = sim("--sms", f"gsm:{A}:ec2x", "--sms-number", SERVICE)
    try:
        assert ready["sms"]["number"] == SERVICE
        assert talk(ready["sms"]["modems"][A]) >= 4
    finally:
        stop(process)


def test_beside_a_network_in_another_terminal(tmp_path):
    (port,) = free_ports(1)
    network = start("gsm", "--modem", A, "--link", tmp_path, "--smpp", port, "--quiet")
    link = tmp_path / f"modem-{A[1:]}"
    try:
        wait_for(link, network)
        process, _ = sim("--sms", f"smpp://imps:secret@127.0.0.1:{port}")
        try:
            assert talk(str(link)) >= 4
        finally:
            stop(process)
    finally:
        stop(network)


def test_a_bind_that_fails_ends_it_in_one_line():
    (port,) = free_ports(1)
    options = "--port", 0, "--cir-port", -1, "--sms", f"smpp://imps:secret@127.0.0.1:{port}"
    process = start("sim", *options)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and not out
    assert errors.startswith("microimps sim: sms") and errors.count("\n") == 1
    assert "cannot bind" in errors and "secret" not in errors


@pytest.mark.parametrize(
    "settings, cure",
    [
        ({"sms": "pigeon:1"}, "give modem:DEVICE"),
        ({"sms": "modem:"}, "give modem:DEVICE"),
        ({"sms": "smpp://127.0.0.1:2775"}, "USER:PASSWORD"),
        ({"sms": "smpp://a:secret@127.0.0.1:port"}, "Port could not"),
        ({"sms": "gsm:nobody"}, "no telephone number"),
        ({"sms": f"gsm:{A}:nokia"}, "sim800"),
        ({"sms": f"gsm:{A}", "sms_number": "IMPS"}, "digits"),
        ({"sms": "modem:x", "sms_profile": "nokia"}, "SIM7600"),
        ({"sms_pin": "1234"}, "modem:DEVICE"),
    ],
)
def test_settings_that_cannot_be(settings, cure):
    with pytest.raises(ConfigError, match=cure) as caught:
        sms_option.make(Config(**settings))
    assert "secret" not in str(caught.value)


def test_what_the_settings_make():
    assert sms_option.make(Config()) is None
    made = sms_option.make(Config(sms="modem:/dev/ttyUSB1", sms_profile="sim800", sms_pin="1"))
    assert isinstance(made, ModemCarrier)
    assert isinstance(sms_option.make(Config(sms="smpp://a:b@h")), SmppCarrier)
