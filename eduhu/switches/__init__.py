"""What operators switch off in an incident, and what they announce.

A switch is a row of django-waffle. Each process keeps what is off in its memory and looks
once a second, so that asking costs nothing.
"""
