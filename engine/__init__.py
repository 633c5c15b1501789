"""The one shared model: loaded once, on the CPU, owned by one thread. Knows nothing of WeChat."""

import os

# Read by OpenMP when torch is loaded, so it stands before any import of it. By default its threads
# spin while they wait for each other; with another busy process on the same cores they then wait
# for a thread that is not running: one token took 4 times as long (876 ms against 228 ms).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
