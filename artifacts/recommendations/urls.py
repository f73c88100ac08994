"""The paths of recommendations."""

from django.urls import path

from artifacts.recommendations import views

urlpatterns = [
    path("api/recommendations", views.Recommendations.as_view(), name="recommendations"),
    path("api/recommendations/<str:item>", views.RecommendedItem.as_view(), name="recommended"),
    path("api/starter", views.StarterList.as_view(), name="starter"),
    path("api/starter/<slug:slug>", views.StarterDetail.as_view(), name="starter-detail"),
    path("api/starter/<slug:slug>/keep", views.StarterKeep.as_view(), name="starter-keep"),
]
