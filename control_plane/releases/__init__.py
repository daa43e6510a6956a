"""Plans that move a model from its stable version to a candidate, and kills."""
