"""``make demo``: the whole product on a shop's orders, on one machine, shown live.

It starts every part as its own process and speaks HTTP with them, as any customer would;
it imports none of them. What it claims at the end it has checked from outside.
"""
