"""What code answers better than a model: the time, the calendar, plain arithmetic."""

from handlers.skills.answers import Answer, answer

__all__ = ["Answer", "answer"]
