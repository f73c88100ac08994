"""Health, as load balancers ask for it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from eduhu.edge import bearer_token
from monitoring.health import watch
from teachers.tokens import authenticate_token


async def live(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests; touches nothing else."""
    return HttpResponse(b'{"status":"ok"}', content_type="application/json")


async def ready(request: HttpRequest) -> HttpResponse:
    """Answer whether this process can do its work: 200, or 503 with what fails."""
    results = await watch.results()
    failed = [each.name for each in results if not each.is_ok and each.name in settings.READINESS]
    body: dict[str, object] = {"status": "unavailable" if failed else "ok", "failed": failed}
    if await _is_staff(request):
        body["checks"] = {
            each.name: {"reason": each.reason or "ok", "ms": round(each.seconds * 1000, 1)}
            for each in results
        }
    headers = {"Cache-Control": "no-store"}
    answer = JsonResponse(body, status=503 if failed else 200, headers=headers)
    # Django would log an error for each look of a load balancer; the watch logs each change.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # what `log_response` sets
    return answer


async def _is_staff(request: HttpRequest) -> bool:
    """Whether somebody of the staff asks; nobody is, while the database is away."""
    try:
        if header := request.headers.get("authorization"):
            return (await authenticate_token(bearer_token(header))).is_staff
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            return (await request.auser()).is_staff
    except Exception:  # noqa: BLE001 (a probe must be answered, whoever cannot be asked)
        return False
    return False
