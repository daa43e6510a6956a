"""What is wrong with a GrowthBook payload, found before it is published."""
