"""What the account does for its owner: answers about the day, reminders, urgent messages."""
