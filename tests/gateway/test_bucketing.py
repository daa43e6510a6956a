"""The bucket of a key is the growthbook package's, whatever the seed and the key."""

from growthbook.core import gbhash
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.route import BUCKETS, HASH_VERSION
from gateway.bucketing import Bucketing

# Lone surrogates are no targeting keys (contract §1), and no UTF-8.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS.filter(bool), TEXTS | st.text("abc-0123456789", max_size=60))
def test_a_bucket_is_growthbooks(seed: str, key: str) -> None:
    bucket = gbhash(seed, key, HASH_VERSION)
    assert bucket is not None
    assert Bucketing(seed).bucket(key) == round(bucket * BUCKETS)
