"""What is wrong in the settings, in a sentence each: where, which key, which value, what else."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel


def unknown_variables(
    settings: type[BaseModel], prefix: str, spared: Collection[str] = ()
) -> list[str]:
    """Faults of variables that name no section; pydantic-settings passes over them.

    Args:
        spared: Variables that are no settings: secrets.
    """
    return [
        f"environment variable {name}: no such setting; sections are "
        f"{', '.join(settings.model_fields)}, keys follow two underscores"
        for name in os.environ
        if name.startswith(prefix)
        and name not in spared
        and name[len(prefix) :].lower().split("__")[0] not in settings.model_fields
    ]


def fault(error: Any, path: Path, settings: type[BaseModel], prefix: str) -> str:
    """One sentence of a pydantic error.

    Args:
        error: One of ``ValidationError.errors()``.
        path: The settings file, where no variable of the environment is to blame.
    """
    names = [str(part) for part in error["loc"]]
    key = ".".join(names)
    variable = prefix + "__".join(names[:2]).upper()
    where = f"environment variable {variable}" if variable in os.environ else str(path)
    if error["type"] == "extra_forbidden":
        known = list(_beside(names, settings))
        close = difflib.get_close_matches(names[-1], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return f"{where}: unknown key {key}; {hint}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if error["type"] == "value_error":
        return f"{where}: {key}: {message}"
    return f"{where}: {key} is {error['input']!r}; {message}"


def _beside(names: list[str], model: type[BaseModel]) -> Iterator[str]:
    """Keys allowed at the place where an unknown one was found."""
    for name in names[:-1]:
        field = model.model_fields.get(name)
        if field is None:  # the name of an entry: its model is the one found before
            continue
        models = [field.annotation, *get_args(field.annotation)]
        within = [m for m in models if isinstance(m, type) and issubclass(m, BaseModel)]
        model = within[0] if within else model
    yield from model.model_fields
