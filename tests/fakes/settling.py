"""Leaving no connection behind when a server on an asyncio loop stops."""

import asyncio

TURNS = 6  # of the loop, from accepting a client to its `connection_made`; losing one takes fewer


async def stop_listening(server: asyncio.Server) -> None:
    """Close `server` once all clients it has accepted are connected.

    `Server.close` alone forgets a client that it has just accepted: its socket stays open
    until it is collected as garbage, in whatever runs then (Python 3.11).
    """
    loop = asyncio.get_running_loop()
    for each in server.sockets:
        loop.remove_reader(each.fileno())
    await settled()
    server.close()


async def settled() -> None:
    """Let the loop finish what it began: clients just accepted, transports just aborted."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
