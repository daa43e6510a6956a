"""The description of the HTTP surface for tools, served at /openapi.json."""
