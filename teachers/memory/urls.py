"""The paths of the memory."""

from django.urls import path

from teachers.memory import views

urlpatterns = [
    path("api/memory", views.Memories.as_view(), name="memory"),
    path("api/memory/<uuid:memory_id>", views.OneMemory.as_view(), name="memory-one"),
]
