"""Material that comes out of chats."""
