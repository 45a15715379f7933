"""The client's memory while it uploads a large file over a real socket, with one dropped connection on the way.

    python -m benchmarks.upload_memory [MEGABYTES]

The embedded platform runs in a process of its own; what is printed is this process, the client alone.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.arguments import positional
from fw_assets.fireworks import Fireworks
from fw_assets_tests.fireworks.test_resume import RETRY_POLICY, BreakingProxy

PORT = 8978
SERVE = "import sys; from pathlib import Path; from fw_assets.embedded import serve; serve(Path(sys.argv[1]), port={})"


def write(path: Path, megabytes: int) -> int:
    """Write a dataset of about that size, and return its number of rows."""
    answer = {"role": "assistant", "content": "billing"}
    line = json.dumps({"messages": [{"role": "user", "content": "refund my invoice " * 220}, answer]}) + "\n"
    rows = megabytes * 1_000_000 // len(line) + 1
    with path.open("w") as file:
        for start in range(0, rows, 1000):
            file.write(line * min(1000, rows - start))
    return rows


def resident() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(folder: Path, megabytes: int) -> None:
    """Uploads through a connection that breaks half-way, and prints memory and progress."""
    path = folder / "train.jsonl"
    rows = write(path, megabytes)
    size = path.stat().st_size
    progress: list[int] = []
    proxy = BreakingProxy(PORT, [size // 2])
    async with await asyncio.start_server(proxy, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        key = (folder / "home" / "api_key").read_text().strip()
        before = resident()
        begun = time.monotonic()
        async with Fireworks(base_url=url, api_key=key, account_id="local", retry_policy=RETRY_POLICY) as client:
            await client.ensure_dataset(
                "large", path, rows=rows, on_bytes=lambda sent, _: progress.append(sent), timeout=1200
            )
        passed = time.monotonic() - begun
        await proxy.ended()
    print(f"{size / 1e6:.0f} MB, {rows} rows: READY after {passed:.1f} s")
    print(f"client: {before:.0f} MB before, {resident():.0f} MB at most (with the test's own proxy in the process)")
    print(f"{proxy.carried / 1e6:.0f} MB carried over one drop; {len(progress)} reports of progress")


if __name__ == "__main__":
    (megabytes,) = positional(__doc__, megabytes=400)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        process = subprocess.Popen([sys.executable, "-c", SERVE.format(PORT), str(home)], stdout=subprocess.DEVNULL)
        try:
            time.sleep(4)
            asyncio.run(main(Path(name), megabytes))
        finally:
            process.terminate()
            process.wait()
