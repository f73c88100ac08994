"""The paths of monitoring."""

from django.urls import path

from monitoring import views
from monitoring.metrics.views import metrics

urlpatterns = [
    path("health/live", views.live, name="health-live"),
    path("metrics", metrics, name="metrics"),
]
