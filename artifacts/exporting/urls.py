"""The paths of long exports."""

from django.urls import path

from artifacts.exporting import views

urlpatterns = [
    path("api/exports", views.Exports.as_view(), name="exports"),
    path("api/exports/<uuid:export_id>", views.OneExport.as_view(), name="export-one"),
    path("api/exports/<uuid:export_id>/file", views.ExportFile.as_view(), name="export-file"),
]
