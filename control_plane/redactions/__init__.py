"""Shopify's law topics, done to the end: what was asked, until when, and what became of it."""
