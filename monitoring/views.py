"""Health, as load balancers ask for it."""

from django.http import HttpRequest, HttpResponse


async def live(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests; touches nothing else."""
    return HttpResponse(b'{"status":"ok"}', content_type="application/json")
