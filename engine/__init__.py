"""The one shared model: loaded once, on the CPU, owned by one thread. Knows nothing of WeChat."""
