"""Targeting keys of every script and length, the same ones in every run."""

import random

from bentos.contract.identity import check_targeting_key

ALPHABETS = [
    "0123456789abcdef-",
    "0123456789",
    "äöüßéèñçøåžščř",
    "日本語中文한국어עבריתعربي",
    "😀👍🏽🧑‍🚀🇩🇪𝔘𐍈",
    " \t\n\"\\'/<>&\u0000\u007f\u2028",
]


def make_keys(count: int) -> list[str]:
    """``count`` different keys."""
    source = random.Random(20261122)
    keys = dict.fromkeys(
        ["a" * 200, "😀" * 50, "é" * 100, " ", "0", "00", "-0", "1e3", "true", "null", "NaN"]
    )
    while len(keys) < count:
        alphabet = source.choice(ALPHABETS)
        length = source.choice([1, 2, 8, 20, 36])
        keys["".join(source.choices(alphabet, k=length))] = None
    return [check_targeting_key(key) for key in keys]
