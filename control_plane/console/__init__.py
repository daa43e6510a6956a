"""The pages at /console: what the API can do, for people. No rules of their own."""
