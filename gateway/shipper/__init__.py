"""Closed decision segments into Parquet and the register, in a process of its own.

Knows the segments' folder and the contract, nothing of a request: the gateway stays free of
Parquet, and hashing costs no caller anything.
"""
