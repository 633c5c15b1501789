"""What the bot has done so far, in Prometheus' text form (version 0.0.4, which all can read)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.mood import Mood
from handlers.exchange import Exchange, Gate, Outcome, Source
from health.server import Page

# Without it each counter brings a second series, the time of its first count.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: A label in place of a mood. Unsure readings are never acted on, so they are no mood's.
UNSURE = "unsure"
#: Upper bounds in seconds: from a rule to a reply that waits for its turn to leave.
BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
#: How an exchange can end, named before the first of them does: a rate needs a zero to rise from.
ENDINGS = (
    *((outcome, "") for outcome in (Outcome.SENT, Outcome.UNCERTAIN, Outcome.FAILED)),
    *((Outcome.SILENT, gate) for gate in Gate if gate is not Gate.SEEN),
)


@dataclass(frozen=True, slots=True)
class Start:
    """What this run is of; shown as labels."""

    version: str
    model: str
    precision: str
    channel: str


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is read at every question. Each is called on the event loop and must be quick.

    Attributes:
        waiting: Length of each queue, by its name.
        is_breaker_open: Whether the model is left alone after failures.
        is_resting: Whether nothing leaves because WeChat said that it was too much.
        sends: Of each budget that all chats share, by name: messages that count against it now,
            and the most that may. None in the console.
    """

    waiting: Mapping[str, Callable[[], int]]
    is_online: Callable[[], bool]
    is_breaker_open: Callable[[], bool]
    is_resting: Callable[[], bool] = bool
    sends: Callable[[], Mapping[str, tuple[int, int]]] = dict


class Metrics:
    """Counts exchanges as they end; a registry of its own, so that two bots can be in a process.

    Labels are outcomes, gates, moods, stages and the like, never anything of a chat: their number
    is bounded, and nobody is named.
    """

    def __init__(self, start: Start, gauges: Gauges) -> None:
        self._registry = registry = CollectorRegistry()
        self._messages = Counter(
            "yixin_messages",
            "Messages by how they ended; gate is empty where one was answered.",
            ("outcome", "gate"),
            registry=registry,
        )
        self._moods = Counter(
            "yixin_moods", "Messages by the mood that was read.", ("mood",), registry=registry
        )
        self._replies = Counter(
            "yixin_replies",
            "What was to be sent, by where its words came from; notices are what the bot says "
            "by itself.",
            ("source", "outcome"),
            registry=registry,
        )
        self._tokens = Counter(
            "yixin_reply_tokens",
            "Tokens the model wrote for replies, candidates that were not sent included.",
            registry=registry,
        )
        self._seconds = Histogram(
            "yixin_stage_seconds",
            "Time of a message in a stage; deliver includes the wait on purpose.",
            ("stage",),
            buckets=BUCKETS,
            registry=registry,
        )
        Info("yixin_start", "What this run is of.", registry=registry).info(asdict(start))
        registry.register(_Now(gauges))
        ProcessCollector(registry=registry)  # memory, handles, start; where there is a /proc
        for outcome, gate in ENDINGS:
            self._messages.labels(outcome, gate)
        for mood in (*Mood, UNSURE):
            self._moods.labels(mood)

    def ended(self, exchange: Exchange) -> None:
        """Count one exchange that has ended: a listener of the pipeline."""
        if exchange.reply is not None:
            self._replies.labels(exchange.reply.source, exchange.outcome).inc()
            self._tokens.inc(exchange.reply.num_tokens)
        if exchange.reply is None or exchange.reply.source is not Source.NOTICE:
            self._messages.labels(exchange.outcome, exchange.gate or "").inc()
        if (reading := exchange.reading) is not None:
            self._moods.labels(UNSURE if reading.unsure else reading.mood).inc()
        for stage, ms in exchange.stage_ms:
            self._seconds.labels(stage).observe(ms / 1000)

    async def page(self) -> Page:
        body = generate_latest(self._registry)
        return Page(200, CONTENT_TYPE_PLAIN_0_0_4, body)


class _Now(Collector):
    """States, as they are when somebody asks."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        gauges = self._gauges
        waiting = GaugeMetricFamily("yixin_waiting", "Length of a queue.", labels=("queue",))
        for queue, length in gauges.waiting.items():
            waiting.add_metric((queue,), length())
        used, limit = (
            GaugeMetricFamily(name, text, labels=("budget",))
            for name, text in (
                ("yixin_sends", "Messages that left within a budget's window."),
                ("yixin_sends_limit", "Messages that may leave within it."),
            )
        )
        for budget, (number, most) in gauges.sends().items():
            used.add_metric((budget,), number)
            limit.add_metric((budget,), most)
        yield from (waiting, used, limit)
        yield _flag("yixin_online", "1 while the account is online.", gauges.is_online())
        yield _flag(
            "yixin_breaker_open",
            "1 while the model is left alone after failures.",
            gauges.is_breaker_open(),
        )
        yield _flag(
            "yixin_resting",
            "1 while nothing leaves because WeChat said that it was too much.",
            gauges.is_resting(),
        )


def _flag(name: str, text: str, value: bool) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
