"""Patience with servers: pauses that grow, or are as long as a server asks for."""

import logging
import time
from random import SystemRandom

from tagline.reading.transports import InterruptedReadError

log = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds, after vain tries
JITTER = 1.0  # of a pause, at most, that it is longer: what failed together comes back apart
LONGEST_PAUSE = 300.0  # seconds, whatever a server asks for
RANDOM = SystemRandom()  # no result depends on it
ROUNDS = (0.0, 30.0, 120.0)  # seconds before a file is asked for at all of its places


class Patience:
    """Waits after each vain try at one place, until there were too many."""

    def __init__(self, url: str) -> None:
        self.url, self.failures = url, 0

    def renew(self) -> None:
        """Forget what failed before there was progress."""
        self.failures = 0

    def wait(self, error: InterruptedReadError) -> None:
        """Pause after a try, or raise the error if it was the last."""
        if self.failures == len(PAUSES):
            tries = f"in each of {len(PAUSES) + 1} tries"
            raise InterruptedReadError(f"{error}, {tries}") from None
        pause = min(max(error.pause, PAUSES[self.failures]), LONGEST_PAUSE)
        pause *= 1 + RANDOM.uniform(0, JITTER)
        self.failures += 1
        log.info("%s: %s; tried again in %.3g s", self.url, error, pause)
        time.sleep(pause)
