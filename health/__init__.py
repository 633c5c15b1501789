"""What a supervisor may ask: is the bot alive, can it answer, and how much has it done.

Off unless ``health.port`` names a port. Numbers and states only: no text, name or id of a chat.
"""
