"""Makes what gateways are served equal what the tables want."""
