"""What a message is about: told by a small model here, else by the AI service.

`tagger.py` judges texts and knows no database; `work.py` finds the messages that wait and
stores what was found; `corrections.py` keeps what teachers know better. The names of the
topics are in `chats/topics.py`.
"""
