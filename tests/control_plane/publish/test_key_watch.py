import asyncio

from control_plane.publish.key_watch import MAX_KEYS, SHARED_SECONDS, KeyWatch


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Asked:
    """Counts, and answers as told once it may."""

    def __init__(self, answer=True):
        self.times = 0
        self.answer = answer
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self):
        self.times += 1
        await self.may.wait()
        return self.answer


async def test_streams_of_one_key_share_a_look_and_others_have_their_own():
    watch, ours, theirs = KeyWatch(Clock()), Asked(), Asked(answer=False)
    ours.may.clear()
    waiting = [asyncio.create_task(watch.is_good("ours", ours)) for _ in range(100)]
    assert await watch.is_good("theirs", theirs) is False
    ours.may.set()
    assert await asyncio.gather(*waiting) == [True] * 100
    assert (ours.times, theirs.times) == (1, 1)


async def test_an_answer_is_shared_for_a_moment_only():
    clock, asked = Clock(), Asked()
    watch = KeyWatch(clock)
    assert await watch.is_good("key", asked)
    clock.now = SHARED_SECONDS
    asked.answer = False
    assert await watch.is_good("key", asked)
    clock.now += 0.01
    assert not await watch.is_good("key", asked)


async def test_a_stream_that_ends_while_asking_takes_the_answer_from_nobody():
    watch, asked = KeyWatch(Clock()), Asked()
    asked.may.clear()
    first = asyncio.create_task(watch.is_good("key", asked))
    second = asyncio.create_task(watch.is_good("key", asked))
    await asyncio.sleep(0)
    first.cancel()
    asked.may.set()
    assert await second
    assert first.cancelled()


async def test_made_up_keys_do_not_pile_up():
    watch = KeyWatch(Clock())
    for number in range(3 * MAX_KEYS):
        await watch.is_good(str(number), Asked(answer=False))
    assert len(watch._answers) <= MAX_KEYS
