"""Work that can be stopped and shared: generators that yield between tokens and chunks.

Work yields ``None`` where it may be stopped, or a ``Call`` and is resumed with its result. So the
model code knows nothing of deadlines, cancellation or of who else is waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[A, R]):
    """A request that one pass of the model can serve together with others of its kind.

    Args:
        together: Serves many arguments, one result each, in order. Equal callables are of one
            kind; bound methods of one object are equal. Where it raises it must leave the
            arguments as they were: each is then served again, alone.
        argument: What is asked.
        limit: Most arguments that one pass takes, at least 1.
    """

    together: Callable[[Sequence[A]], Sequence[R]]
    argument: A
    limit: int = 1

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a pass that takes {self.limit} arguments serves nobody; at least 1")

    def is_like(self, other: Call[Any, Any]) -> bool:
        """Whether one pass can serve both."""
        return self.together == other.together and self.limit == other.limit


Work = Generator[Call[Any, Any] | None, Any, T]


def finish(work: Work[T]) -> T:
    """Result of work done here and now, for programs that have nothing else to do meanwhile."""
    resume: Callable[[Any], Call[Any, Any] | None] = work.send
    value: object = None
    while True:
        try:
            call = resume(value)
        except StopIteration as done:
            result: T = done.value
            return result
        resume, value = work.send, None
        if call is not None:
            try:
                [value] = call.together([call.argument])
            except Exception as error:  # the work may clean up, or know a way round
                resume, value = work.throw, error
