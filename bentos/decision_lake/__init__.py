"""The decisions' Parquet files: their columns, their names, how they are written and replaced.

What the shipper writes and the control plane reads. Like the contract, but it needs pyarrow and
fsspec, so nothing that answers requests imports it.
"""
