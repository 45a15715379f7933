"""Tests: mirror the package, one file per module."""

import os
import sys

# Before numpy is loaded, here and in the processes that tests start: as many workers run as there are processors, and
# threads of linear algebra that wait for each other keep the processors of the others busy.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Where Python is told to keep no compiled modules, as in many containers, each of the hundreds of processes that tests
# start would compile the program again, and each worker of the tests would rewrite all assertions again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
