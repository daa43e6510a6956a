import pytest

from tests.stand_in.shopify.webhook_filter import kept, passes

ALBUM = {
    "id": 9554194432293,
    "title": "Blue Train",
    "status": "active",
    "product_type": "Music",
    "published_at": None,
    "updated_at": "2026-11-24T03:00:00Z",
    "variants": [
        {"id": 1, "title": "CD", "price": "9.00", "taxable": True, "weight": 0.2},
        {"id": 2, "title": "Album on vinyl", "price": "129.00", "taxable": True, "weight": 0.4},
    ],
    "images": [],
    "image": None,
}
PUBLISHED = (
    "id:* AND status:active AND (product_type:Music OR product_type:Movies) "
    "AND variants.taxable:true AND variants.weight:<5 AND variants.price:>=100 "
    "AND variants.title:Album*"
)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        PUBLISHED,
        "variants.price:>=10.00",
        "variants.price:9",
        "status:ACTIVE product_type:'music'",
        "NOT status:draft",
        "-status:draft title:'Blue Train'",
        "status:draft OR variants.id:2",
        "updated_at:>'2026-11-24T02:59:59Z'",
        "updated_at:<=2026-11-24T04:00:00+01:00",
    ],
)
def test_what_fits_is_sent(text):
    assert passes(text, ALBUM)


@pytest.mark.parametrize(
    "text",
    [
        PUBLISHED.replace("Album", "Single"),
        PUBLISHED.replace("<5", "<0.1"),
        "variants.price:>129",
        "status:draft",
        "-status:active",
        "published_at:*",
        "images.src:*",
        "image.src:*",
        "title:Blue",
        "title:>A",
        "updated_at:>'2026-11-24T03:00:00Z'",
        "(status:draft OR status:archived) AND id:*",
    ],
)
def test_what_does_not_fit_is_kept_back(text):
    assert not passes(text, ALBUM)


@pytest.mark.parametrize(
    "text",
    [
        "vendr:Nike",
        "NOT vendr:Nike",
        "status:active OR vendr:Nike",
        "variants.prize:>1",
        "title.first:Blue",
        "Blue",
    ],
)
def test_a_field_that_is_none_suppresses_everything(text):
    assert not passes(text, ALBUM)


def test_only_the_fields_that_are_named_are_sent_nested_ones_too():
    assert kept(ALBUM, ["id", "nothing", "variants.id", "variants.price", "image.src"]) == {
        "id": 9554194432293,
        "variants": [{"id": 1, "price": "9.00"}, {"id": 2, "price": "129.00"}],
        "image": None,
    }
    assert kept(ALBUM, ["variants", "variants.id"]) == {"variants": ALBUM["variants"]}
