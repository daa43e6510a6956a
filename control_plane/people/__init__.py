"""Persons, services and their keys."""
