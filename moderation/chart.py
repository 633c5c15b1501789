"""The mood of a day as a small picture, with figures alone: it needs no Chinese font."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from handlers.shown import local
from moderation.course import Slot

WIDTH, HEIGHT = 960, 480
#: Left and right of the bars, above them, and below, where the hours stand.
LEFT, RIGHT, TOP, BOTTOM = 64, 32, 56, 48
#: Height of what shows how many messages there were.
COUNTS = 110
PAPER, INK, GRID = "#ffffff", "#555555", "#dddddd"
GLAD, UPSET, COUNT = "#3a9d5d", "#d1495b", "#b8c4d6"
#: A whole group is never all glad or all upset; so much fills the picture.
FULL = 0.6
_COLOURS = 32


def draw(course: Sequence[Slot], peaks: Sequence[Slot] = ()) -> bytes:
    """A PNG of some 5 kB: bars up for glad and down for upset, below them how many messages.

    Takes up to 100 ms, so not on the event loop.

    Args:
        course: The half hours of a day, in order.
        peaks: Those of them that are marked with their time.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    canvas = ImageDraw.Draw(image)
    wide = (WIDTH - LEFT - RIGHT) / len(course)
    _draw_frame(canvas, course, wide)
    most = max(1, *(len(slot.spoken) for slot in course))
    for number, slot in enumerate(course):
        left, right = LEFT + number * wide + 2, LEFT + (number + 1) * wide - 2
        _draw_mood(canvas, slot, left, right)
        tall = COUNTS * len(slot.spoken) / most
        if tall:
            canvas.rectangle((left, _floor() - tall, right, _floor()), fill=COUNT)
    for number, peak in enumerate(peaks):
        # In two rows, as two may lie side by side.
        at = LEFT + (course.index(peak) + 0.5) * wide, TOP - 14 - 20 * (number % 2)
        _write(canvas, at, f"{local(peak.at):%H:%M}", anchor="mm")
    _write(canvas, (LEFT - 10, _floor() - COUNTS), str(most), anchor="rm")
    out = io.BytesIO()
    image.quantize(_COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_frame(canvas: ImageDraw.ImageDraw, course: Sequence[Slot], wide: float) -> None:
    for number, slot in enumerate(course):
        moment = local(slot.at)
        if moment.hour % 3 == 0 and moment.minute < 30:
            x = LEFT + number * wide
            canvas.line((x, TOP, x, _floor()), fill=GRID)
            _write(canvas, (x, _floor() + 10), str(moment.hour), anchor="mt")
    for y in (_middle(), _floor()):
        canvas.line((LEFT, y, WIDTH - RIGHT, y), fill=INK)
    for sign, y in (("+", TOP + 8), ("0", _middle()), ("-", 2 * _middle() - TOP - 8)):
        _write(canvas, (LEFT - 10, y), sign, anchor="rm")


def _draw_mood(canvas: ImageDraw.ImageDraw, slot: Slot, left: float, right: float) -> None:
    glad, upset = ((_middle() - TOP) * min(1.0, side / FULL) for side in slot.sides)
    if glad >= 1:
        canvas.rectangle((left, _middle() - glad, right, _middle()), fill=GLAD)
    if upset >= 1:
        canvas.rectangle((left, _middle(), right, _middle() + upset), fill=UPSET)


def _write(canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, anchor: str) -> None:
    canvas.text(at, text, fill=INK, font=_font(), anchor=anchor)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, unpacked once."""
    return ImageFont.load_default(size=18)


def _middle() -> float:
    return TOP + (_floor() - COUNTS - 16 - TOP) / 2


def _floor() -> float:
    return HEIGHT - BOTTOM
