"""The paths of artifacts."""

from django.urls import path

from artifacts import views

urlpatterns = [
    path("api/artifacts", views.ArtifactList.as_view(), name="artifacts"),
    path(
        "api/artifacts/<uuid:artifact_id>", views.ArtifactDetail.as_view(), name="artifact-detail"
    ),
]
