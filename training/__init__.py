"""Orders in, versions out: the steps of the nightly run.

One module, one noun; ``python -m training`` runs them. Meets the control plane on the wire
only. Heavy libraries (scikit-learn, onnx, BentoML, MLflow) are imported where they are used,
so that a run in which nothing changed starts in a second.
"""
