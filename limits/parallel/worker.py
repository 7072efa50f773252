"""One worker process: it is told a function and what all items have in common, then gets items and answers, until nobody asks."""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.connection import Connection


def main(descriptor: int) -> None:
    """Serve on an open socket; ends when the other side does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one decides
    with Connection(descriptor) as asked, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        function, common = asked.recv()
        while True:
            item = asked.recv()
            try:
                answer = (True, function(common, item))
            except Exception as error:  # noqa: BLE001 - raised again by whoever asked
                answer = (False, error)
            asked.send(answer)
