"""Shopify's webhooks in, fraud assessments out: a process of its own."""
