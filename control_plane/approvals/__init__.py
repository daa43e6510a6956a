"""Who approved which content of a release."""
