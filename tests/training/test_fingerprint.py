import subprocess
import sys

# A night whose fit was made before loads no SciPy, a reproduction does.
BEFORE_AND_AFTER = """
import numpy
from training.fingerprint import cpu_kernels
before = cpu_kernels()
import scipy.linalg
from threadpoolctl import threadpool_info
assert cpu_kernels() == before, (before, cpu_kernels())
for pool in threadpool_info():
    if pool["user_api"] == "blas":
        assert pool["version"] in str(before), (pool, before)
"""


def test_the_kernels_are_those_of_numpy_and_scipy_whichever_is_loaded():
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_AND_AFTER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
