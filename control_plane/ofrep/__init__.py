"""OFREP 0.3: OpenFeature's clients ask where a model's traffic goes."""
