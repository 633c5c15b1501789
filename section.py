"""What the sections of the settings are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Probability = Annotated[float, Field(ge=0, le=1)]
Trigger = Literal["mention", "prefix", "keyword"]
#: A span of the local day, past midnight where it ends earlier than it begins: 23:00-07:30. With
#: days before it, it begins on those only: "Mon-Fri 09:00-18:00", "周六,周日 00:00-00:00".
Span = Annotated[
    str,
    Field(
        pattern=r"^(?:{day}(?:-{day})?(?:,{day}(?:-{day})?)* )?{time}-{time}$".format(
            day=r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|周[一二三四五六日])",
            time=r"(?:[01]\d|2[0-3]):[0-5]\d",
        )
    ),
]
Moment = Annotated[str, Field(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$")]
#: YAML 1.1 reads a bare ``off`` as false and ``on`` as true.
_SWITCHED = BeforeValidator(
    lambda said: ("on" if said else "off") if isinstance(said, bool) else said
)
Mode = Annotated[Literal["off", "shadow", "warn", "enforce"], _SWITCHED]
#: Whether a rule adds points, only says what it would have added, or is not asked.
State = Annotated[Literal["on", "dry", "off"], _SWITCHED]
Minutes = Annotated[float, Field(ge=0, le=10_080)]
Points = Annotated[float, Field(gt=0, le=1000)]
Learn = Annotated[Literal["off", "chat", "all"], _SWITCHED]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
