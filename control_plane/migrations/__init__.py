"""Alembic: from the first table on."""
