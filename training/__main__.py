"""``python -m training``."""

import os
import sys

# One thread each: equal results on any number of cores, and no spinning against neighbours.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from training.cli import main  # noqa: E402 - the libraries read the settings above when loaded

sys.exit(main())
