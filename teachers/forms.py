"""Where staff sign in."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from eduhu.errors import TooManyRequests, WrongCredentials
from eduhu.limits import client_address
from teachers.actions import check_password


class SignInForm(AuthenticationForm):
    """Signs staff in, within the same limit of guesses as the API."""

    def clean(self) -> dict[str, Any]:
        """Check the password. Raises ValidationError, also after too many guesses."""
        assert self.request is not None  # the admin always gives it
        meta = self.request.META
        address = client_address(meta["REMOTE_ADDR"], meta.get("HTTP_X_FORWARDED_FOR", ""))
        email, password = (self.cleaned_data.get(name) or "" for name in ("username", "password"))
        try:
            teacher = check_password(email=email, password=password, address=address)
        except TooManyRequests as error:
            raise ValidationError(str(error.detail)) from error
        except WrongCredentials as error:
            raise self.get_invalid_login_error() from error
        self.confirm_login_allowed(teacher)
        self.user_cache = teacher
        data: dict[str, Any] = self.cleaned_data
        return data
