"""Keys of those who call the gateway."""
