"""What happens to one message, stage by stage. Knows nothing of torch or wechaty."""
