"""What ``python bot.py COMMAND`` can do besides running the bot, and how a terminal shows it."""
