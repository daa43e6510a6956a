"""The register: every change and every denial, hash-chained."""
