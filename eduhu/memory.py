"""Less work for the garbage collector of a long-lived process."""

import gc

YOUNG_OBJECTS = 10_000


def keep_what_is_loaded() -> None:
    """Never look again at what exists now; call it once, when everything is imported.

    Otherwise each full collection walks through all modules, classes and templates:
    pauses that every stream of the process feels.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
