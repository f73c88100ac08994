"""All paths that Django serves; `routes.py` has those beside it."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from eduhu import handlers
from eduhu.switches.views import Notices

urlpatterns = [
    path("admin/", admin.site.urls),
    path(
        "api/schema",
        SpectacularAPIView.as_view(permission_classes=[AllowAny]),
        name="schema",
    ),
    path(
        "api/docs",
        SpectacularSwaggerView.as_view(permission_classes=[AllowAny], url_name="schema"),
        name="docs",
    ),
    path("api/notices", Notices.as_view(), name="notices"),
    path("", include("teachers.urls")),
    path("", include("teachers.memory.urls")),
    path("", include("teachers.mail.urls")),
    path("", include("chats.urls")),
    path("", include("artifacts.urls")),
    path("", include("artifacts.library.urls")),
    path("", include("artifacts.exporting.urls")),
    path("", include("artifacts.recommendations.urls")),
    path("", include("monitoring.urls")),
]

handler400 = handlers.bad_request
handler403 = handlers.forbidden
handler404 = handlers.not_found
handler500 = handlers.server_error
