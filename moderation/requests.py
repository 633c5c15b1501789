"""An admin's command carried out, about one room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from handlers.conduct import Mark, Step
from handlers.exchange import Exchange, Message, Reply, Source
from handlers.notice import notice
from moderation.asks import ENDS, Ask, Asked
from moderation.deeds import Deeds
from moderation.desk import Desk, Place
from moderation.digest import Digested
from moderation.explain import Explain
from moderation.people import Unclear, find
from moderation.rooms import Rooms


class People(Protocol):
    async def names(self, room_id: str) -> Mapping[str, str]: ...


class Digests(Protocol):
    async def of(self, room_id: str, *, is_public: bool = False) -> Digested: ...


@dataclass(frozen=True, slots=True)
class Request:
    """A command of an admin.

    Attributes:
        place: The room it is about.
        message: That it came as.
        names: Id to name of the people seen in that room. Hostile input.
    """

    asked: Asked
    place: Place
    message: Message
    names: Mapping[str, str]

    @property
    def by(self) -> str:
        return self.message.talker_id

    def whom(self, wanted: str) -> tuple[str, str]:
        """Id and name of whom it is about.

        Raises:
            Unclear: It may be several people, or is nobody.
        """
        id_ = find(self.names, wanted, self.message.mention_ids)
        return id_, self.names.get(id_) or wanted.lstrip("@")


class Requests:
    """Knows who carries out which command.

    Args:
        say: Records and delivers an exchange that answers nobody; the pipeline's.
    """

    def __init__(
        self,
        rooms: Rooms,
        desk: Desk,
        people: People,
        explain: Explain,
        deeds: Deeds,
        digests: Digests,
        *,
        say: Callable[[Exchange], None],
    ) -> None:
        self._rooms, self._desk, self._people = rooms, desk, people
        self._explain, self._deeds, self._digests = explain, deeds, digests
        self._say = say

    async def carry_out(self, asked: Asked, place: Place | None, message: Message) -> str | Reply:
        """What is to be answered.

        Args:
            place: The room that it was written in; None in private: the one the admin is at.

        Raises:
            Unclear: It cannot be carried out as it was written.
            AuditError: It could not be kept, so it does not count.
        """
        by = message.talker_id
        if asked.ask is Ask.ROOM:
            return await self._desk.choose(by, asked.rest)
        if asked.ask is Ask.QUIET:
            return await self._deeds.quiet(place, asked.rest, by)
        if asked.ask in (Ask.WHY, Ask.RIGHT, Ask.WRONG) and asked.number is not None:
            return await self._of_step(
                asked, await self._numbered(asked.number, place, by), message
            )
        place = place or await self._desk.meant(by)
        request = Request(asked, place, message, await self._people.names(place.id))
        return await self._of_room(request)

    async def _of_room(self, request: Request) -> str | Reply:
        asked, place, rest = request.asked, request.place, request.asked.rest
        match asked.ask:
            case Ask.MOOD:
                return await self._mood(request)
            case Ask.WHY:
                person_id = request.whom(rest)[0] if rest else ""
                step = await self._explain.step(place, person_id)
                return await self._of_step(asked, step, request.message)
            case Ask.RIGHT | Ask.WRONG:
                if rest:
                    raise Unclear("后面只能写编号，如 /对 12。")
                return await self._of_step(asked, await self._explain.step(place), request.message)
            case Ask.MODE:
                return await self._deeds.mode(place, rest, request.by)
            case Ask.DIGEST:
                return await self._digest(request)
            case _:
                return await self._about(request)

    async def _mood(self, request: Request) -> str:
        place, is_private = request.place, request.message.is_private
        if not request.asked.rest:
            return await self._explain.mood(place, request.names, is_private=is_private)
        if not is_private:
            raise Unclear("谁心情怎么样，私聊里问我吧。")
        return await self._explain.mood_of(place, *request.whom(request.asked.rest))

    async def _about(self, request: Request) -> str:
        """/forgive and /exempt: both need a name."""
        wanted, _, last = request.asked.rest.rpartition(" ")
        ends = request.asked.ask is Ask.EXEMPT and last in ENDS
        if not (wanted := wanted if ends else request.asked.rest):
            raise Unclear(f"是谁？如 /{request.asked.ask} 小明")
        id_, name = request.whom(wanted)
        if request.asked.ask is Ask.FORGIVE:
            return await self._deeds.forgive(request.place, id_, name)
        if ends:
            return await self._deeds.no_longer_exempt(request.place, id_, name)
        return await self._deeds.exempt(request.place, id_, name, request.by)

    async def _of_step(self, asked: Asked, step: Step, message: Message) -> str:
        if asked.ask is Ask.WHY:
            names = await self._people.names(step.room_id)
            return await self._explain.why(step, names, is_private=message.is_private)
        mark = Mark.RIGHT if asked.ask is Ask.RIGHT else Mark.WRONG
        return await self._deeds.mark(step, mark, message.talker_id)

    async def _numbered(self, number: int, place: Place | None, by: str) -> Step:
        """The step of that number, where it is one for this admin; in a room, one of that room."""
        step = await self._explain.numbered(number)
        is_here = step and (place is None or step.room_id == place.id)
        if step is None or not is_here or not self._rooms.is_admin(step.room_id, by):
            raise Unclear(f"没有 #{number} 这件事。")
        return step

    async def _digest(self, request: Request) -> str | Reply:
        """In private; in the room only where the settings have it said there."""
        room_id, is_private = request.place.id, request.message.is_private
        is_public = not is_private and self._rooms.digest_to(room_id) == "room"
        day = await self._digests.of(room_id, is_public=is_public)
        if is_private or is_public:
            return Reply(day.text, Source.COMMAND, name=Ask.DIGEST.value, picture=day.picture)
        self._say(notice(request.by, None, day.text, "digest-asked", picture=day.picture))
        return "日报私下发给你了。"
