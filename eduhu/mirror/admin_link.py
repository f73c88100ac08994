"""From the page of a row to what the mirror knows of it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from eduhu.mirror import capture


class MirrorLink:
    """Adds a button to the pages of rows that are mirrored, for those who may see the outbox."""

    actions_detail: Any = ("in_mirror",)
    model: Any  # of the ModelAdmin that this is mixed into

    def has_in_mirror_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether there is anything to see, and for whom."""
        is_mirrored = capture.source_of(self.model) is not None
        return is_mirrored and request.user.has_perm("mirror.view_outboxentry")

    @action(  # type: ignore[operator]  # unfold's own annotations are wrong
        description=_("Mirror"),  # type: ignore[arg-type]  # likewise
        url_path="mirror",
        icon="sync_alt",
        permissions=["in_mirror"],
    )
    def in_mirror(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        """Lead to the row's entries, and to its comparison with InstantDB."""
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        return redirect("admin:mirror_row", row._meta.db_table, row.pk)
