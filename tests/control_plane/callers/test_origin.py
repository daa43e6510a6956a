import pytest

from bentos.contract.errors import ContractError
from control_plane.callers.origin import check_origin


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example",
        "https://a-b.myshopify.com",
        "https://shop.example:8443",
        "http://localhost:9292",
        "http://127.0.0.1",
        "https://xn--bcher-kva.example",
    ],
)
def test_what_browsers_send_is_an_origin(text):
    assert check_origin(text, "origins[0]") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "shop.example",
        "http://shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://Shop.example",
        "https://shop.example:443",
        "https://*.example",
        "https://user@shop.example",
        "https://shop.example\n",
        "https://-a.example",
        "https://" + "a" * 400,
    ],
)
def test_everything_else_names_its_field(text):
    with pytest.raises(ContractError) as caught:
        check_origin(text, "origins[0]")
    assert caught.value.field == "origins[0]"
