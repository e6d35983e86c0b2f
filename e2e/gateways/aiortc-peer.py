"""A WebRTC peer with a stack of its own (aiortc): listens by WHEP, or publishes by WHIP.

    aiortc-peer.py listen URL KEY SECONDS WAV
    aiortc-peer.py publish URL KEY SECONDS WAV

It ends with 0 when the connection was made and ended as the protocol has it, with 3 when Python has no aiortc.
"""

import asyncio
import sys
import urllib.parse
import urllib.request

try:
    from aiortc import RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaPlayer, MediaRecorder
except ImportError:
    sys.exit(3)

CONNECT_LIMIT_S = 10


def ask(method, url, key="", body=None):
    """One request. Returns the answer's text and where the session is."""
    request = urllib.request.Request(url, method=method, data=None if body is None else body.encode())
    request.add_header("Content-Type", "application/sdp")
    if key:
        request.add_header("Authorization", "Bearer " + key)
    with urllib.request.urlopen(request) as response:
        return response.read().decode(), response.headers.get("Location")


async def connected(connection):
    done = asyncio.Event()

    @connection.on("connectionstatechange")
    def changed():
        if connection.connectionState == "connected":
            done.set()

    changed()
    await asyncio.wait_for(done.wait(), CONNECT_LIMIT_S)


async def agree(connection, url, key):
    """Offers, takes the answer, and returns the address of the session."""
    await connection.setLocalDescription(await connection.createOffer())
    answer, session = await asyncio.to_thread(ask, "POST", url, key, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await connected(connection)
    return urllib.parse.urljoin(url, session)


async def listen(url, key, seconds, path):
    connection = RTCPeerConnection()
    recorder = MediaRecorder(path)
    connection.on("track", recorder.addTrack)
    connection.addTransceiver("audio", direction="recvonly")
    session = await agree(connection, url, key)
    await recorder.start()
    await asyncio.sleep(seconds)
    await recorder.stop()
    await asyncio.to_thread(ask, "DELETE", session)
    await connection.close()


async def publish(url, key, seconds, path):
    connection = RTCPeerConnection()
    connection.addTransceiver(MediaPlayer(path).audio, direction="sendonly")
    session = await agree(connection, url, key)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(ask, "DELETE", session)
    await connection.close()


def main():
    act, url, key, seconds, path = sys.argv[1:6]
    work = {"listen": listen, "publish": publish}[act]
    asyncio.run(work(url, key, float(seconds), path))


main()
