"""``make bench-shop``: what the shop's side holds up to, within Shopify's limits and rules.

    python -m load_tests.bench_shop                                    every part at full size
    python -m load_tests.bench_shop webhooks --deliveries 5000
    python -m load_tests.bench_shop sync --sync-lines 100000 --sync-kills 5
    python -m load_tests.bench_shop keeping --inbox-deliveries 200000
    python -m load_tests.bench_shop redaction --redaction-subjects 4 --redaction-engines sqlite

The last line of stdout is the report as JSON. Exit code 0: every floor held; 1: one was missed;
2: an option makes no sense.
"""

import argparse
import sys
from collections.abc import Sequence

from load_tests import bench_audit
from load_tests.shop import keeping, redaction, sync, webhook_storm

PARTS: dict[str, bench_audit.Measure] = {
    "sync": sync.measure,
    "webhooks": webhook_storm.measure,
    "keeping": keeping.measure,
    "redaction": redaction.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench_shop")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all unless named")
    bench_audit.add_folder(parser)
    sync.add_options(parser)
    webhook_storm.add_options(parser)
    keeping.add_options(parser)
    redaction.add_options(parser)
    return bench_audit.run(PARTS, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
