"""The paths of chats; `/api/chat` and the events of replies are in `eduhu/routes.py`."""

from django.urls import path

from chats import feedback, suggestion_views, views

urlpatterns = [
    path("", views.Page.as_view(), name="page"),
    path("api/chats", views.ChatList.as_view(), name="chats"),
    path("api/chats/<uuid:chat_id>", views.ChatDetail.as_view(), name="chat-detail"),
    path("api/chats/<uuid:chat_id>/messages", views.MessageList.as_view(), name="messages"),
    path("api/messages/<uuid:message_id>", views.MessageDetail.as_view(), name="message-detail"),
    path("api/chats/<uuid:chat_id>/analytics", views.Analytics.as_view(), name="analytics"),
    path(
        "api/messages/<uuid:message_id>/feedback",
        feedback.MessageFeedback.as_view(),
        name="feedback",
    ),
    path("api/usage", views.Usage.as_view(), name="usage"),
    path("api/topics", views.TopicList.as_view(), name="topics"),
    path(
        "api/chats/<uuid:chat_id>/suggestions",
        suggestion_views.Suggestions.as_view(),
        name="memory-suggestions",
    ),
    path("api/analytics/summary", views.Summary.as_view(), name="summary"),
    path("api/replies/<uuid:reply_id>/cancel", views.ReplyCancel.as_view(), name="reply-cancel"),
]
