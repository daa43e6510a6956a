"""The mappings that come along, as TOML files."""
