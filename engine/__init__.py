"""The one shared model: loaded once, on the CPU, owned by one thread. Knows nothing of WeChat."""

import os

# Read by OpenMP when torch is loaded, so it stands before any import of that. By default its
# threads spin for milliseconds while they wait for each other; beside another busy process they
# then wait for a thread that is not running, and one token took 0.9-1.2 s where it takes 0.1 s
# with this bound. Alone the bound costs nothing measurable; not spinning at all cost a third.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
