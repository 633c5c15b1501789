"""Everything the engine raises on purpose. A message says what, which value, and the way out."""

from __future__ import annotations


class EngineError(Exception):
    """Root of the engine's errors."""


class ModelNotFound(EngineError):
    """The configured model cannot be found, fetched or read."""


class WeightsDamaged(EngineError):
    """The bytes of a model are not the bytes they should be."""


class CacheUnusable(EngineError):
    """The cache folder cannot take the weights: it is not writable, or its disk is full."""


class NotEnoughMemory(EngineError):
    """The weights would not fit into the memory that is free."""


class PromptRefused(EngineError):
    """A prompt would break a promise (too long, or control tokens out of user data)."""


class EngineBusy(EngineError):
    """The queue is full; the caller decides what to drop."""


class EngineTimeout(EngineError):
    """The deadline passed, in the queue or at work."""


class EngineClosed(EngineError):
    """The engine is shutting down and takes no more work."""


class InputRefused(EngineError):
    """A file that somebody handed over is not what it should be; the program exits with 2."""


class HeadRefused(InputRefused):
    """A mood head is missing, damaged, or fitted for another model."""


class LabelsRefused(InputRefused):
    """A file of labelled messages is empty or has a line that is none."""
