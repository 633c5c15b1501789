"""Every setting, typed, validated and frozen. A leaf: knows nothing of what they are for."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from platformdirs import user_cache_path, user_data_path
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from faults import fault, unknown_variables
from ruleset import Assistant, Moderation
from section import Count, Learn, Minutes, Probability, Seconds, Section, Span, Trigger

ENV_PREFIX = "YIXIN_"
APP = "yixin"
#: A secret, so no setting: encrypts the texts of the audit log and seals its chain.
AUDIT_KEY = "YIXIN_AUDIT_KEY"


class SettingsError(Exception):
    """The settings cannot be used; the message names each key, its value and what is allowed."""


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
