"""What every message goes through, in order, until one stage ends its way."""

from __future__ import annotations

import time
from dataclasses import dataclass

from handlers.address import address
from handlers.admit import admit, in_time
from handlers.alerts import Alerts
from handlers.attendance import Attendance
from handlers.commands import Commands, command
from handlers.excuse import excuse
from handlers.filehelper import FileHelper
from handlers.limits import Limits
from handlers.mind import SteadyMind
from handlers.mood import mood
from handlers.passage import Stage
from handlers.reply import Personas, by_chat
from handlers.sanitize import sanitize
from handlers.voice import Voice
from service.desk import Desk
from service.group import Group
from service.stores import Stores
from settings import Settings


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts that stages come from."""

    config: Settings
    mind: SteadyMind
    stores: Stores
    alerts: Alerts
    attendance: Attendance
    group: Group
    desk: Desk
    voice: Voice
    limits: Limits

    def read(self, commands: Commands, notebook: FileHelper) -> dict[str, Stage]:
        """By name, in their order.

        Mood comes before the question whether a message is for the bot: in a group, those that
        are not are exactly the ones to moderate. What admins say to the bot comes before that
        question too, as it may answer no private chat; and all commands come before what silences
        it: who paused the bot must be able to wake it.
        """
        config, attendance, admins = self.config, self.attendance, self.group.admins
        owner = config.account.owner
        addressed = address(config.answer, config.account.name, owner=owner)
        max_age_s = config.answer.max_age_s
        return {
            **self.limits.first,
            "admit": self.voice.door(admit(max_age_s=max_age_s, clock=time.time)),
            "excuse": excuse(self.stores.audit, addressed, clock=time.time),
            "sanitize": sanitize,
            **self.group.hearing,
            "urgent": self.desk.urgent.stage,
            "mood": self.voice.ear(mood(self.mind, words=self.group.aims.words)),
            **self.group.judging,
            "order": admins.in_room,
            "answer": self.alerts.answer,
            "admin": admins.in_private,
            "ask": self.desk.assistant.stage,
            "address": addressed,
            "distress": attendance.distress.stage,
            "pause": attendance.pauses.stage,
            "presence": attendance.presence.stage,
            **self.limits.addressed,
            "refuse": admins.refuse,
            "command": command(commands),
            "notebook": notebook.stage(),
        }

    def write(self, personas: Personas) -> Stage:
        """The stage that writes a reply, while an answer is still wanted."""
        still = admit(max_age_s=self.config.answer.max_age_s, clock=time.time)
        answered = by_chat(self.mind, self.stores.audit, personas, self.config)
        return in_time(still, self.attendance.around(answered))
