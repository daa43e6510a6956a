"""Steps of two numbers, and a night around them."""

from datetime import UTC, datetime

import msgspec

from training.fingerprint import key_of
from training.lines import OrderSource
from training.nightly.night import Night
from training.nightly.record import RunRecord
from training.nightly.settings import NightlySettings
from training.nightly.step import Step
from training.settings import Settings

NOW = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)


class Number(msgspec.Struct, frozen=True, kw_only=True):
    value: int

    @property
    def digest(self) -> str:
        return key_of(value=self.value)


class Word(msgspec.Struct, frozen=True, kw_only=True):
    text: str

    @property
    def digest(self) -> str:
        return key_of(text=self.text)


def steps(first, second, third, **options):
    """first() → Number, second(Number) → Word, third(Number, Word) → Number."""

    def one(night: Night) -> Number:
        return Number(value=first())

    def two(night: Night, number: Number) -> Word:
        return Word(text=second(number.value))

    def three(night: Night, number: Number, word: Word) -> Number:
        return Number(value=third(number.value, word.text))

    return (
        Step(name="one", needs=(), run=one, gives=Number, cached=False, **options.get("one", {})),
        Step(name="two", needs=("one",), run=two, gives=Word, **options.get("two", {})),
        Step(name="three", needs=("one", "two"), run=three, gives=Number),
    )


def night(home, record=None, told=None, waited=None):
    return Night(
        settings=Settings(home=home),
        nightly=NightlySettings(),
        source=OrderSource(),
        now=NOW,
        record=record or fresh_record(),
        sleep=([] if waited is None else waited).append,
        tell=([] if told is None else told).append,
    )


def fresh_record(identifier="20261126T023000Z-000000"):
    return RunRecord(id=identifier, asked="0" * 64, day="20261126", started_at=NOW, models=())
