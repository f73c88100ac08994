"""Chats, messages, and the replies the assistant writes."""
