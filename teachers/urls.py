"""The paths of accounts and preferences."""

from django.urls import path

from teachers import views

urlpatterns = [
    path("api/auth/login", views.SignIn.as_view(), name="login"),
    path("api/auth/logout", views.SignOut.as_view(), name="logout"),
    path("api/auth/logout-all", views.SignOutEverywhere.as_view(), name="logout-all"),
    path("api/auth/me", views.Me.as_view(), name="me"),
    path("api/realtime/token", views.RealtimeToken.as_view(), name="realtime-token"),
    path("api/preferences", views.Preferences.as_view(), name="preferences"),
]
