"""Backup, restore and upgrade of an installation's tables and keys."""
