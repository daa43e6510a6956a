"""How fast the gateway is, measured against what it stands in front of."""
