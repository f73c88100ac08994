"""Long exports: whole collections as files, made while nobody waits."""
