"""Send many requests at once to a service that runs, and count what it answers.

    gaitprint serve --no-auth --requests-per-minute 1000000 --videos-per-minute 1000000 &
    python -m benchmarks.service_load http://127.0.0.1:8000 --requests 1000

    gaitprint serve token create load --rights identify,list
    python -m benchmarks.service_load http://127.0.0.1:8000 --token gp_... --video walk.mp4

All requests are sent at once: a third of them without a token, a third list people, a third bring a video (a tenth of
a second of noise, where none is given). Exits 1 where an answer is none that the service describes, or the service is
not up afterwards.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import httpx
import numpy as np

KINDS = ("without a token", "list people", "a video")
# What the description of the API allows each of them; 200 without a token is --no-auth.
EXPECTED = {
    "without a token": {200, 401, 429},
    "list people": {200, 429},
    "a video": {202, 408, 429, 503},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the service")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--token", help="with the rights identify and list")
    parser.add_argument("--video", type=Path, help="to upload")
    arguments = parser.parse_args()
    video = arguments.video.read_bytes() if arguments.video else noise()
    return asyncio.run(load(arguments.url.rstrip("/"), arguments.requests, arguments.token, video))


async def load(url: str, requests: int, token: str | None, video: bytes) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answers: dict[str, Counter[int | str]] = {kind: Counter() for kind in KINDS}
    seconds: list[float] = []
    limits = httpx.Limits(max_connections=requests, max_keepalive_connections=requests)
    async with httpx.AsyncClient(limits=limits, timeout=120) as client:

        async def send(kind: str) -> None:
            start = time.perf_counter()
            try:
                if kind == "a video":
                    files = {"video": ("walk.avi", video)}
                    answer = await client.post(f"{url}/api/v1/identify", files=files, headers=headers)
                else:
                    answer = await client.get(f"{url}/api/v1/people", headers=headers if kind == "list people" else {})
            except httpx.TransportError as error:
                answers[kind][type(error).__name__] += 1
                return
            seconds.append(time.perf_counter() - start)
            answers[kind][answer.status_code] += 1

        start = time.perf_counter()
        await asyncio.gather(*(send(KINDS[number % len(KINDS)]) for number in range(requests)))
        spent = time.perf_counter() - start
        up = (await client.get(f"{url}/api/health")).status_code == 200
    for kind, counts in answers.items():
        print(f"{kind:16s}", ", ".join(f"{count} x {status}" for status, count in sorted(counts.items(), key=str)))
    if seconds:
        middle, late = np.percentile(seconds, (50, 95))
        print(f"{requests} at once answered in {spent:.1f} s; median {middle:.2f} s, 95 % {late:.2f} s")
    print("the service is up" if up else "the service is down")
    fine = all(set(counts) <= EXPECTED[kind] for kind, counts in answers.items())
    return 0 if fine and up else 1


def noise() -> bytes:
    """A small video in which nobody walks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 120))
        for frame in np.random.default_rng(0).integers(0, 256, (3, 120, 160, 3)).astype(np.uint8):
            writer.write(frame)
        writer.release()
        return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
