import ipaddress

import pytest

from bentos.contract.errors import ContractError
from control_plane.webhooks.address import (
    AddressPolicy,
    check_url,
    choose,
    origin_of,
    parse_networks,
    port_of,
)

STRICT = AddressPolicy()
# What only this machine or its network can reach, in every disguise an address has.
FORBIDDEN = (
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "fec0::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "::127.0.0.1",
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808")


@pytest.mark.parametrize("address", FORBIDDEN)
def test_what_is_not_public_is_refused(address):
    assert not STRICT.allows(ipaddress.ip_address(address))
    with pytest.raises(ContractError, match="not public"):
        choose([address], STRICT)
    # One that is refused among others is somebody trying.
    with pytest.raises(ContractError):
        choose(["8.8.8.8", address], STRICT)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_chosen(address):
    assert str(choose([address, "8.8.4.4"], STRICT)) == address


def test_the_configuration_may_allow_networks():
    policy = AddressPolicy(parse_networks("10.20.0.0/16, ::1/128"))
    assert policy.allows(ipaddress.ip_address("10.20.3.4"))
    assert policy.allows(ipaddress.ip_address("::ffff:10.20.3.4"))
    assert policy.allows(ipaddress.ip_address("::1"))
    assert not policy.allows(ipaddress.ip_address("10.21.3.4"))
    with pytest.raises(ValueError, match="host bits"):
        parse_networks("10.20.1.1/16")
    with pytest.raises(ContractError, match="none"):
        choose([], policy)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "hooks.example/x",
        "https:///x",
        "https://user:secret@hooks.example/x",
        "https://hooks.example/x#part",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://hooks.example:99999/",
        "https://hooks.example/" + "x" * 2000,
        "https://[broken/",
        "",
    ],
)
def test_a_url_that_will_not_do_is_refused_by_its_field(url):
    with pytest.raises(ContractError, match="url"):
        check_url(url, STRICT)


def test_http_takes_a_setting_of_its_own():
    policy = AddressPolicy(parse_networks("127.0.0.0/8"), http=True)
    assert port_of(check_url("http://127.0.0.1:8099/x", policy)) == 8099
    assert port_of(check_url("https://hooks.example/x", policy)) == 443
    with pytest.raises(ContractError):
        check_url("http://127.0.0.1/x", AddressPolicy(parse_networks("127.0.0.0/8")))


def test_the_register_gets_no_path():
    secret = "https://hooks.example:8443/services/T00/secret?token=1"
    assert origin_of(secret) == "https://hooks.example:8443"
