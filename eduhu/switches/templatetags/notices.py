"""What is announced, for templates."""

from django import template

from eduhu.switches import state
from eduhu.switches.models import Notice

register = template.Library()


@register.simple_tag
def current_notices() -> list[Notice]:
    """Return what is announced now."""
    return state.notices()
