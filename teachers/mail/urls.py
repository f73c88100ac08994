"""The path at the end of e-mails."""

from django.urls import path

from teachers.mail import views

urlpatterns = [
    path("unsubscribe/<str:token>", views.Unsubscribe.as_view(), name="unsubscribe"),
]
