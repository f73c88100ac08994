"""`POST /api/artifacts/generate`: the reply that makes a document, as a stream."""

from artifacts.generation.wishes import parse_wish
from chats import limits
from chats.actions import Question
from chats.requests import optional_text, parse_id
from chats.stream import request_key, sse_frames
from eduhu import jsonio
from eduhu.edge import EdgeRequest, EventStream
from eduhu.threads import in_thread


async def post_generate(request: EdgeRequest) -> EventStream:
    """Store the wish as a message, and stream the reply that makes its document."""
    data = jsonio.loads_object(request.body)
    wish = parse_wish(data, request.teacher.language)
    question = Question(
        content=wish.question,
        chat_id=parse_id(data, "chat_id"),
        message_id=parse_id(data, "message_id"),
        model=optional_text(data, "model"),
        wish=wish.as_json(),
    )
    reply = await in_thread(limits.ask)(request.teacher, question, request_key(request))
    return EventStream(sse_frames(reply, 0))
