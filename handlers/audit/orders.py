"""The orders in force, kept in the audit log."""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from handlers.audit.columns import is_meant
from handlers.audit.log import AuditLog
from handlers.audit.tables import orders
from handlers.orders import Order, OrderKind


class OrderStore:
    """Each method raises AuditError where the log refuses; then nothing of it was kept."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def put(self, order: Order) -> None:
        """Keeps an order, in the place of one about the same."""
        about = _is_about(*order.about)

        def job(connection: sa.Connection) -> None:
            connection.execute(orders.delete().where(about))
            connection.execute(orders.insert().values(asdict(order)))

        await self._audit.do(job)

    async def drop(self, kind: OrderKind, chat_id: str, person_id: str) -> None:
        """Forgets the order about exactly that, if there is one."""
        about = _is_about(kind, chat_id, person_id)
        await self._audit.do(lambda connection: connection.execute(orders.delete().where(about)))

    async def all(self, now: float) -> tuple[Order, ...]:
        """Those in force, as they were given; the others are deleted.

        With ``audit.pseudonyms``, ``given_by`` is a code; all other ids come back.

        Args:
            now: Unix seconds.
        """
        over = orders.c.until <= now

        def job(connection: sa.Connection) -> tuple[Order, ...]:
            connection.execute(orders.delete().where(over))
            rows = connection.execute(sa.select(orders).order_by(orders.c.id))
            return tuple(_order(row) for row in rows)

        return await self._audit.do(job)


def _is_about(kind: OrderKind, chat_id: str, person_id: str) -> sa.ColumnElement[bool]:
    row = orders.c
    same = is_meant(row.chat_id, chat_id) & is_meant(row.person_id, person_id)
    return (row.kind == kind) & same


def _order(row: sa.Row[tuple[object, ...]]) -> Order:
    return Order(
        OrderKind(row.kind),
        row.chat_id,
        row.person_id,
        row.value,
        row.until,
        row.given_by,
        row.given_at,
    )
