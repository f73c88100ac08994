"""The paths of artifacts."""

from django.urls import path

from artifacts import export_views, history, views
from artifacts.insights import views as insights

_ONE = "api/artifacts/<uuid:artifact_id>"

urlpatterns = [
    path("api/analytics", insights.Analytics.as_view(), name="teaching-analytics"),
    path("api/insights", insights.Insights.as_view(), name="insights"),
    path("api/artifacts", views.ArtifactList.as_view(), name="artifacts"),
    path("api/artifacts/kinds", views.KindView.as_view(), name="artifact-kinds"),
    path(_ONE, views.ArtifactDetail.as_view(), name="artifact-detail"),
    path(f"{_ONE}/versions", history.VersionList.as_view(), name="artifact-versions"),
    path(
        f"{_ONE}/versions/<int:revision>",
        history.VersionDetail.as_view(),
        name="artifact-version",
    ),
    path(f"{_ONE}/diff", history.Diff.as_view(), name="artifact-diff"),
    path(f"{_ONE}/export", export_views.Export.as_view(), name="artifact-export"),
    path(f"{_ONE}/preview", export_views.Preview.as_view(), name="artifact-preview"),
    path(f"{_ONE}/restore", history.Restore.as_view(), name="artifact-restore"),
]
