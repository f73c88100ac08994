"""The mirror: what is committed in the mirrored tables appears in InstantDB."""
