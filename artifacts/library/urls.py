"""The paths of the library."""

from django.urls import path

from artifacts.library import collection_views, share_views, views

_ARTIFACT = "api/artifacts/<uuid:artifact_id>"
_COLLECTION = "api/collections/<uuid:collection_id>"

urlpatterns = [
    path("api/search", views.Search.as_view(), name="search"),
    path("api/library", views.Library.as_view(), name="library"),
    path("api/library/tags", views.Tags.as_view(), name="library-tags"),
    path(f"{_ARTIFACT}/tags", views.ArtifactTags.as_view(), name="artifact-tags"),
    path(f"{_ARTIFACT}/favourite", views.Favourite.as_view(), name="artifact-favourite"),
    path(f"{_ARTIFACT}/shares", share_views.ArtifactShares.as_view(), name="artifact-shares"),
    path(
        f"{_ARTIFACT}/shares/<uuid:share_id>",
        share_views.ArtifactShare.as_view(),
        name="artifact-share",
    ),
    path("api/collections", collection_views.CollectionList.as_view(), name="collections"),
    path(_COLLECTION, collection_views.CollectionDetail.as_view(), name="collection-detail"),
    path(
        f"{_COLLECTION}/items", collection_views.CollectionItems.as_view(), name="collection-items"
    ),
    path(
        f"{_COLLECTION}/items/<uuid:artifact_id>",
        collection_views.CollectionItem.as_view(),
        name="collection-item",
    ),
    path(f"{_COLLECTION}/shares", share_views.CollectionShares.as_view(), name="collection-shares"),
    path(
        f"{_COLLECTION}/shares/<uuid:collection_share_id>",
        share_views.CollectionShare.as_view(),
        name="collection-share",
    ),
]
