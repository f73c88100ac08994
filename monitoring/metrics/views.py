"""`/metrics`."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from eduhu.threads import in_thread
from monitoring.access import may_read_metrics
from monitoring.metrics import exposition


@require_GET
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics; strangers learn nothing, not even that it exists."""
    if not may_read_metrics(request):
        raise Http404
    text = await in_thread(exposition.text)()
    return HttpResponse(text, content_type=exposition.CONTENT_TYPE)
