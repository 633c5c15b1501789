"""The audit log: what happened to every message, on disk before anything leaves."""
