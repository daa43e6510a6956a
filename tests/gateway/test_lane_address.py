import pytest

from bentos.contract.errors import ContractError
from gateway.lane_address import parse_address


@pytest.mark.parametrize(
    ("text", "path", "host_header", "base"),
    [
        ("unix:/run/a.sock", "/run/a.sock", "bento", ""),
        ("http://10.0.0.7:3000", None, "10.0.0.7:3000", ""),
        ("http://worker/", None, "worker:80", ""),
        ("http://worker:3000/team/fraud/", None, "worker:3000", "/team/fraud"),
        ("http://[::1]:3000", None, "[::1]:3000", ""),
    ],
)
def test_addresses_of_workers(text, path, host_header, base):
    address = parse_address(text)
    assert (address.path, address.host_header, address.base) == (path, host_header, base)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:relative.sock",
        "https://worker:3000",
        "http://",
        "http://user:secret@worker:3000",
        "http://worker:99999",
        "http://worker:3000/?token=1",
        "http://wor ker:3000",
        "http://worker:3000/a\r\nx-injected: 1",
    ],
)
def test_what_no_lane_can_connect_to_is_refused(text):
    with pytest.raises(ContractError, match="expected unix:/path or http://host:port"):
        parse_address(text)
