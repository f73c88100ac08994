"""What commands that ask InstantDB have in common: exit code 2 where there is no answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import Error as DatabaseError

from eduhu.mirror import capture


class AskingCommand(BaseCommand):
    """Exit code 1 is an answer (something differs), 2 is none, whatever the reason."""

    # Within `handle`, by `demand_settings`: Django would end with 1 for a wrong setting.
    requires_system_checks: list[str] = []

    def demand_settings(self) -> None:
        """Raise CommandError unless the settings name an app."""
        if not capture.is_on():
            raise CommandError(
                "The mirror is off: INSTANT_APP_ADMIN_TOKEN is not set.", returncode=2
            )
        try:
            self.check()
        except SystemCheckError as error:
            raise CommandError(str(error), returncode=2) from error


@contextmanager
def taking_part() -> Iterator[None]:
    """Raise CommandError, which says why, where InstantDB or our database takes no part."""
    # Imported here: they bring a second HTTP client, which only the mirror needs.
    from eduhu.mirror.failures import MirrorError, NotOurs

    try:
        yield
    except NotOurs as error:
        text = (
            f"InstantDB knows no such app: {error}."
            " Is INSTANT_APP_ID, INSTANT_APP_ADMIN_TOKEN or INSTANT_API_URI wrong?"
        )
        raise CommandError(text, returncode=2) from error
    except MirrorError as error:
        raise CommandError(f"InstantDB does not take part: {error}", returncode=2) from error
    except DatabaseError as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CommandError(f"Stopped by the database: {reason}", returncode=2) from error
