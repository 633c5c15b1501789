"""Everything that a message meets, wired together."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from handlers.address import overheard
from handlers.alert import AlertKind
from handlers.alerts import Alerts, Responder
from handlers.attendance import Attendance, Records
from handlers.commands import Commands
from handlers.deliver import Deliverer
from handlers.echo import Remembered
from handlers.exchange import Exchange, Message
from handlers.filehelper import FileHelper
from handlers.limits import Limits
from handlers.mind import SteadyMind
from handlers.notices import Notices
from handlers.pipeline import Pipeline
from handlers.reply import Personas
from handlers.status import StatusBoard
from handlers.voice import Voice
from moderation.lines import Lines
from moderation.newcomers import Newcomers
from moderation.rooms import Rooms
from service.desk import Desk
from service.group import Group
from service.stages import Stages
from service.stores import Stores
from settings import Settings
from wechat.account import Account

if TYPE_CHECKING:
    from engine.engine import Engine
    from wechat.channel import Channel


@dataclass(frozen=True, slots=True)
class Bot:
    """One of each of what outlives a message."""

    account: Account
    mind: SteadyMind
    limits: Limits
    pipeline: Pipeline
    group: Group
    desk: Desk
    voice: Voice

    @classmethod
    async def of(
        cls,
        config: Settings,
        channel: Channel,
        engine: Engine,
        personas: Personas,
        lines: Lines,
        stores: Stores,
        done: Callable[[Exchange], None],
    ) -> Self:
        """As the settings have it.

        Args:
            done: Told of each exchange when it has ended, too.

        Raises:
            AuditError: The audit log cannot be read.
        """
        pipeline: Pipeline

        def say(exchange: Exchange) -> None:
            pipeline.say(exchange)

        async def submit(message: Message) -> None:
            await pipeline.submit(await notebook.opened(message))

        owner, orders = config.account.owner, stores.orders
        rooms = Rooms(config.moderation, orders, owner)
        respond: dict[AlertKind, Responder] = {}
        alerts = Alerts(
            *(stores.alerts, orders, say, respond, config.assistant),
            may_answer=lambda raised: rooms.is_admin(raised.alert.chat_id, raised.to_id),
        )
        newcomers = Newcomers(config.moderation.new_members, orders, rooms, alerts)
        back: list[Callable[[], Awaitable[None]]] = []
        notices = Notices(
            *(submit, say),
            owner=owner,
            welcome=config.channel.welcome,
            newcomers=newcomers,
            back=back,
        )
        # The account hands messages to the pipeline, and the pipeline hands replies to the account.
        account = Account(channel.puppet, config.channel, config.account, notices)
        records = Records(orders, stores.audit, stores.contacts, stores.days)
        attendance = Attendance.of(config, records, alerts, personas, say, clock=time.time)
        notebook = FileHelper(attendance.echoes, owner)
        group = Group.of(config, stores, rooms, newcomers, account, alerts, lines, say)
        desk = Desk.of(config, stores, alerts, say)
        respond |= {**group.responders, **attendance.responders}
        respond[AlertKind.URGENT] = desk.urgent.respond
        back += [alerts.resume, group.carrier.resume, desk.reminders.online]
        mind = SteadyMind(engine, config.engine, changed=notices.model_changed)
        limits = await limits_of(config, channel, stores, notices)
        board = StatusBoard(engine.facts, lambda: pipeline.num_waiting)
        voice = voice_of(config, stores, engine, attendance)
        stages = Stages(config, mind, stores, alerts, attendance, group, desk, voice, limits)
        more = [group.admins.help, attendance.pauses.help, desk.assistant.help]
        deliverer = Deliverer(
            Remembered(account, attendance.echoes),
            *(stores.audit, channel.pace),
            split_chars=config.reply.split_chars,
            governor=limits.governor,
            owner=owner,
            may_leave=attendance.presence.may_leave,
        )
        pipeline = Pipeline(
            read=stages.read(Commands(board, owner=owner, more=more), notebook),
            write=stages.write(personas),
            deliverer=deliverer,
            ledger=stores.audit,
            pace=channel.pace,
            burst_s=channel.burst_s,
            is_spare=overheard(config.answer, config.account.name),
            arrived=attendance.takeover.heard,
            done=(
                *(board.note, notices.ended, voice.ended, limits.ended, alerts.ended),
                *(group.carrier.ended, desk.reminders.ended, attendance.first.ended, done),
            ),
        )
        return cls(account, mind, limits, pipeline, group, desk, voice)


def voice_of(config: Settings, stores: Stores, engine: Engine, attendance: Attendance) -> Voice:
    return Voice(
        *(stores.audit, engine, config.reply),
        bot_name=config.account.name,
        max_age_s=config.answer.max_age_s,
        echoes=attendance.echoes,
    )


async def limits_of(config: Settings, channel: Channel, stores: Stores, notices: Notices) -> Limits:
    if not channel.is_governed:
        return Limits.none(channel.pace.gap_s)
    past = await stores.audit.past(config.reply.split_chars)
    return Limits.of(
        channel.pace, past, notices, owner=config.account.owner, chats=config.answer.chats
    )
