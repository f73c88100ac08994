"""What one process writes, the others show: at once by news, or within two seconds without."""

import time

import httpx
import pytest

from tests.prepared import manage


@pytest.fixture
def clients(cluster):
    """A teacher's client at each web process."""
    headers = {"authorization": f"Bearer {cluster.tokens.pop()[0]}"}
    clients = [httpx.Client(base_url=url, headers=headers, timeout=10) for url in cluster.urls]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def chat(clients):
    chat = clients[0].post("/api/chats", json={"title": "Optik"}).json()
    clients[0].post(
        "/api/artifacts",
        json={"title": "Optik", "content": "…", "artifact_type": "rubric", "chat_id": chat["id"]},
    )
    return chat["id"]


def seconds_until(client, url, is_shown):
    """How long it takes until a read shows something."""
    begun = time.monotonic()
    while not is_shown(client.get(url).json()):
        assert time.monotonic() - begun < 5, url
        time.sleep(0.005)
    return time.monotonic() - begun


ANY = {"If-Match": "*"}


@pytest.mark.services
@pytest.mark.claim(61, 124)
def test_other_web_processes_show_a_write_within_a_quarter_of_a_second(clients, chat):
    here, there = clients
    artifact = here.get("/api/artifacts").json()["results"][0]["id"]
    writes = [
        ("PATCH", f"/api/chats/{chat}", {"title": "neu"}, ["/api/chats", f"/api/chats/{chat}"]),
        ("PATCH", f"/api/artifacts/{artifact}", {"title": "neu"},
         ["/api/artifacts", f"/api/artifacts/{artifact}"]),
        ("PATCH", "/api/preferences", {"grade_level": "neu"}, ["/api/preferences"]),
    ]  # fmt: skip
    for method, path, body, reads in writes:
        for url in reads:
            assert "neu" not in there.get(url).text
            assert "neu" not in there.get(url).text  # now in its memory
        assert here.request(method, path, json=body, headers=ANY).status_code == 200
        for url in reads:
            assert "neu" in here.get(url).text
            assert seconds_until(there, url, lambda shown: "neu" in str(shown)) < 0.25


def test_a_reply_written_by_a_worker_is_shown_by_all(clients, chat):
    messages = f"/api/chats/{chat}/messages"
    for client in clients:
        assert client.get(messages).json()["results"] == []
    with clients[0].stream("POST", "/api/chat", json={"chat_id": chat, "content": "hallo"}) as said:
        assert "done" in said.read().decode()
    for client in clients:
        seconds_until(client, messages, lambda shown: len(shown["results"]) == 2)
        seconds_until(client, "/api/chats", lambda shown: shown["results"][0]["message_count"] == 2)


RENAME = "from chats.models import Chat; Chat.objects.filter(pk='{}').update(title='neu')"


@pytest.mark.claim(61)
def test_a_command_of_another_process_is_heard(cluster, clients, chat):
    for client in clients:
        assert "neu" not in client.get("/api/chats").text
    manage(cluster.webs[0].environment, "shell", "-v0", "-c", RENAME.format(chat))
    for client in clients:
        seconds = seconds_until(client, "/api/chats", lambda shown: "neu" in str(shown))
        assert seconds < (2.0 if cluster.is_embedded else 0.25)
