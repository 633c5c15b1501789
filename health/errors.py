"""Everything this package raises on purpose. A message says what, which value, and the way out."""

from __future__ import annotations


class HealthError(Exception):
    """Root of the errors of the health pages."""


class PortTaken(HealthError):
    """Somebody else listens on ``health.port``, or this user may not."""
