"""GrowthBook's SDK endpoints, for outsiders."""
