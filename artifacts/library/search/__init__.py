"""Full-text search over messages, chats and artifacts: what is kept, asked and shown."""
