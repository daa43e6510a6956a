"""Follow mode: some models take their routes from a GrowthBook instance elsewhere."""
