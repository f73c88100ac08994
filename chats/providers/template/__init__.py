"""The template assistant: drafts from slots, without an AI model and without a key."""
