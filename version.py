"""The version, in one place that needs no installed package."""

VERSION = "0.1.0"
#: Unix seconds; a clock that says earlier is wrong.
RELEASED = 1_795_305_600
