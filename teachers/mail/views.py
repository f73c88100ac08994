"""The link at the end of every e-mail: works without signing in, and asks once."""

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from eduhu.errors import NotFound
from teachers.mail import actions

_PAGE = (
    '<!doctype html><html lang="{}"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>eduhu</title>'
    '<body style="font: 1.1rem sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">'
    "<h1>eduhu</h1>{}</body></html>"
)


@method_decorator(csrf_exempt, name="dispatch")  # mail programs post here (RFC 8058)
class Unsubscribe(View):
    """Switching one kind of e-mail off."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask, as programs that look into e-mails follow every link."""
        question, button = _("Get no more of these e-mails?"), _("No more e-mails of this kind")
        form = format_html(
            '<p>{}</p><form method="post"><button>{}</button></form>', question, button
        )
        return _page(request, form)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Switch it off; doing so again does nothing."""
        try:
            actions.unsubscribe(token=token)
        except NotFound as error:
            return _page(request, format_html("<p>{}</p>", error.detail), status=404)
        done = _("Done. You can switch it on again in your preferences.")
        return _page(request, format_html("<p>{}</p>", done))


def _page(request: HttpRequest, content: str, status: int = 200) -> HttpResponse:
    language = getattr(request, "LANGUAGE_CODE", "de")
    return HttpResponse(format_html(_PAGE, language, content), status=status)
