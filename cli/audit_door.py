"""What every command on the audit log needs: where the log is, and how a fault is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from handlers.audit.errors import AuditError
from settings import Audit, Settings


def audit_of(ctx: typer.Context) -> Audit:
    """Where the settings keep the audit log."""
    settings = ctx.find_object(Settings)
    if settings is None:
        raise TypeError("the parent command must set ctx.obj to the loaded settings")
    return settings.audit


@contextmanager
def reported(command: str = "audit") -> Iterator[None]:
    """One line and exit code 1 for what the person can mend."""
    try:
        yield
    except AuditError as error:
        typer.echo(f"{command}: {error}", err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # the reader had enough, as in "audit export | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{command}: {error.filename or 'output'}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
