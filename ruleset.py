"""The settings of moderation and of the assistant."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from section import Minutes, Mode, Moment, Points, Section, State


class Rule(Section):
    state: State = "on"
    points: Points = 1.0


class Flood(Rule):
    points: Points = 1.5
    messages: Annotated[int, Field(ge=3, le=1000)] = 12
    seconds: Annotated[float, Field(gt=0, le=3600)] = 20


class Repeats(Rule):
    times: Annotated[int, Field(ge=3, le=100)] = 4
    minutes: Annotated[float, Field(gt=0, le=1440)] = 10


class Mentions(Rule):
    points: Points = 2.0
    people: Annotated[int, Field(ge=2, le=500)] = 8


class Links(Rule):
    state: State = "off"
    allowed: tuple[str, ...] = ()


class Words(Rule):
    points: Points = 2.0
    #: One without a letter or a figure would be found in every text.
    patterns: tuple[Annotated[str, Field(max_length=100, pattern=r"[^\W_]")], ...] = ()


class NewMembers(Section):
    state: State = "on"
    grace_h: Annotated[float, Field(ge=0, le=720)] = 24
    raid_people: Annotated[int, Field(ge=2, le=500)] = 10
    raid_minutes: Annotated[float, Field(gt=0, le=1440)] = 10


class Room(Section):
    mode: Mode | None = None
    admins: tuple[str, ...] = ()
    digest_to: Literal["admins", "room", "nobody"] | None = None


class Moderation(Section):
    mode: Mode = "shadow"
    admins: tuple[str, ...] = ()
    rooms: dict[str, Room] = Field(default_factory=dict)
    note_at: Points = 1.0
    warn_at: Points = 3.0
    alert_at: Points = 5.0
    remove_at: Points = 8.0
    half_life_min: Annotated[float, Field(gt=0, le=10_080)] = 30
    cool_down_min: Minutes = 30
    remove_unasked: bool = False
    lines: str = ""
    flood: Flood = Flood()
    repeats: Repeats = Repeats()
    mentions: Mentions = Mentions()
    links: Links = Links()
    words: Words = Words()
    new_members: NewMembers = NewMembers()
    digest_at: Moment = "21:30"
    digest_to: Literal["admins", "room", "nobody"] = "admins"

    @model_validator(mode="after")
    def _steps_are_ordered(self) -> Moderation:
        steps = (self.note_at, self.warn_at, self.alert_at, self.remove_at)
        if list(steps) != sorted(steps):
            raise ValueError(
                "note_at, warn_at, alert_at and remove_at must not fall, "
                f"not {', '.join(f'{step:g}' for step in steps)}"
            )
        return self


class Assistant(Section):
    alert_expires_h: Annotated[float, Field(gt=0, le=720)] = 12
    forward_urgent: bool = False
    urgent_words: tuple[Annotated[str, Field(min_length=1)], ...] = (
        *("急事", "紧急", "很急", "急急", "救命", "出事了", "快接电话", "尽快回", "马上回"),
        *("urgent", "asap", "emergency"),
    )
