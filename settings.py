"""Every setting, typed, validated and frozen. A leaf: knows nothing of what they are for."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from faults import fault, unknown_variables

ENV_PREFIX = "YIXIN_"
APP = "yixin"
#: A secret, so no setting: encrypts the texts of the audit log and seals its chain.
AUDIT_KEY = "YIXIN_AUDIT_KEY"

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


class SettingsError(Exception):
    """The settings cannot be used; the message names each key, its value and what is allowed."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Channel(Section):
    kind: Literal["console", "wechaty"] = "console"
    tls_ca: str = ""
    tls_name: str = ""
    call_timeout_s: Annotated[float, Field(gt=0, le=600)] = 30
    keepalive_s: Annotated[float, Field(ge=1, le=600)] = 20
    reconnect_max_s: Annotated[float, Field(ge=0.1, le=600)] = 4
    friend_requests: Literal["ignore", "accept", "accept-with-word"] = "ignore"
    friend_word: str = ""
    room_invitations: Literal["ignore", "accept"] = "ignore"
    welcome: str = ""

    @model_validator(mode="after")
    def _word_is_given(self) -> Channel:
        if self.friend_requests == "accept-with-word" and not self.friend_word:
            raise ValueError("friend_requests is accept-with-word: friend_word must not be empty")
        return self


class Account(Section):
    name: Annotated[str, Field(min_length=1, max_length=64)] = "一心"
    owner: str = ""


class Engine(Section):
    model: Annotated[str, Field(min_length=1)] = "bundled"
    precision: Literal["auto", "fp32", "bf16", "int8", "int4", "mixed"] = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    cache_dir: str = ""
    max_waiting: Count = 64
    max_failures: Annotated[int, Field(ge=1, le=1000)] = 3
    rest_s: Seconds = 60
    mood_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10
    reply_timeout_s: Annotated[float, Field(gt=0, le=600)] = 60
    max_prompt_tokens: Annotated[int, Field(ge=256, le=32_768)] = 1536
    max_new_tokens: Annotated[int, Field(ge=1, le=2048)] = 96
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.8
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = 1.1

    @property
    def cache_path(self) -> Path:
        return Path(self.cache_dir).expanduser() if self.cache_dir else user_cache_path(APP)


class MoodSection(Section):
    unsure_below: Probability = 0.5
    head: Annotated[str, Field(min_length=1)] = "auto"


class ChatOverride(Section):
    persona: str | None = None
    tone: str = ""
    per_minute: Count | None = None
    per_day: Count | None = None
    max_chars: Annotated[int, Field(ge=10, le=2000)] | None = None
    private: Literal["all", "deny"] | None = None
    group: tuple[Trigger, ...] | None = None


class Answer(Section):
    private: Literal["all", "allow", "deny"] = "all"
    private_list: tuple[str, ...] = ()
    group: tuple[Trigger, ...] = ("mention",)
    prefixes: tuple[Annotated[str, Field(min_length=1)], ...] = ("一心，", "一心,")
    keywords: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    max_age_s: Seconds = 120
    burst_s: Annotated[float, Field(ge=0, le=60)] = 3
    takeover_min: Minutes = 15
    away: tuple[Span, ...] = ()
    first_line: str = ""
    disclose: bool = False
    shorter_after: Annotated[int, Field(ge=0, le=100)] = 2
    hand_over_after: Annotated[int, Field(ge=0, le=100)] = 4
    anger_window_min: Annotated[float, Field(gt=0, le=10_080)] = 30
    chats: dict[str, ChatOverride] = Field(default_factory=dict)


class ReplySection(Section):
    persona: Annotated[str, Field(min_length=1)] = "yixin"
    history_turns: Annotated[int, Field(ge=0, le=50)] = 4
    history_tokens: Annotated[int, Field(ge=0, le=16_384)] = 256
    examples: Annotated[int, Field(ge=0, le=16)] = 4
    candidates: Annotated[int, Field(ge=1, le=8)] = 4
    least_score: Annotated[float, Field(ge=-20, le=20)] = 0.0
    when_unsure: Literal["line", "silent"] = "line"
    when_failed: Literal["line", "silent"] = "line"
    max_chars: Annotated[int, Field(ge=10, le=2000)] = 90
    split_chars: Annotated[int, Field(ge=10, le=2000)] = 90
    learn: Learn = "off"
    learn_max: Annotated[int, Field(ge=1, le=5000)] = 500


class Deliver(Section):
    delay_min_s: Seconds = 1.0
    delay_max_s: Seconds = 4.0
    delay_per_char_s: Annotated[float, Field(ge=0, le=5)] = 0.05
    gap_s: Seconds = 1.0
    per_minute_chat: Count = 6
    per_minute: Count = 20
    per_day: Count = 500
    per_day_chat: Count = 200
    warmup_days: Annotated[int, Field(ge=0, le=365)] = 7
    max_wait_s: Seconds = 120
    rest_s: Annotated[float, Field(ge=0, le=604_800)] = 1800
    quiet_hours: tuple[Span, ...] = ()
    loop_turns: Count = 6
    loop_window_s: Seconds = 60
    max_waiting_chat: Count = 50
    max_waiting: Count = 1000
    drain_s: Annotated[float, Field(ge=0, le=300)] = 12

    @model_validator(mode="after")
    def _delays_are_ordered(self) -> Deliver:
        low, high = self.delay_min_s, self.delay_max_s
        if low > high:
            raise ValueError(f"delay_min_s ({low:g}) must not exceed delay_max_s ({high:g})")
        return self


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
    patterns: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()


class NewMembers(Rule):
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


class Audit(Section):
    folder: str = ""
    url: str = ""
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 90
    pseudonyms: bool = False

    @property
    def path(self) -> Path:
        return Path(self.folder).expanduser() if self.folder else user_data_path(APP)


class Health(Section):
    port: Annotated[int, Field(ge=0, le=65_535)] = 0


class Log(Section):
    level: Literal["auto", "debug", "info", "warning", "error"] = "auto"
    format: Literal["auto", "text", "json"] = "auto"


class Settings(BaseSettings):
    """The whole configuration. Environment wins over the file, the file over the defaults."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    channel: Channel = Channel()
    account: Account = Account()
    engine: Engine = Engine()
    mood: MoodSection = MoodSection()
    answer: Answer = Answer()
    reply: ReplySection = ReplySection()
    deliver: Deliver = Deliver()
    moderation: Moderation = Moderation()
    assistant: Assistant = Assistant()
    audit: Audit = Audit()
    health: Health = Health()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Any, **sources: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return sources["env_settings"], sources["init_settings"]

    @property
    def digest(self) -> str:
        """Twelve hex digits that tell whether two runs had the same settings.

        Not those a password may stand in: it is shown, and whoever knows the rest could try words.
        """
        secret = {"audit": {"url"}, "channel": {"friend_word"}}
        return hashlib.sha256(self.model_dump_json(exclude=secret).encode()).hexdigest()[:12]


def load(path: Path) -> Settings:
    """Settings from a YAML file and the environment.

    Raises:
        SettingsError: The file is missing or no YAML, or a key or value in it or in the
            environment is wrong. Every fault is named, not only the first.
    """
    document = _read(path)
    faults = unknown_variables(Settings, ENV_PREFIX, spared={AUDIT_KEY})
    try:
        settings = Settings(**document)
    except ValidationError as error:
        faults += [fault(e, path, Settings, ENV_PREFIX) for e in error.errors()]
    except ValueError as error:  # pydantic-settings: a list in the environment that is no JSON
        faults.append(f"{error}; lists are written as JSON, e.g. '[\"mention\"]'")
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"settings file {path}: {error.strerror}; name another with --settings FILE"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} is not valid YAML: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(k, str) for k in document):
        raise SettingsError(f"settings file {path} must hold sections such as 'engine:'")
    return {key: value if value is not None else {} for key, value in document.items()}
