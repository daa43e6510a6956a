"""Every view as of one night, or of many: what a night's run leaves in the lake."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from training import progress
from training.features import offline
from training.features.coded_lines import coded
from training.features.offline import Partition
from training.features.registry import VIEWS
from training.features.view import FeatureView
from training.lines import Lines
from training.orders import connect
from training.settings import Settings


def compute(
    settings: Settings,
    lines: Lines,
    moments: Iterable[datetime],
    views: tuple[FeatureView, ...] = VIEWS,
) -> list[Partition]:
    """Values of views as of moments (naive UTC), unless they lie in the lake already.

    Memory is bounded by ``SIGNALBOX_TRAINING_MEMORY``; what does not fit goes to disk.
    """
    spill, threads = settings.spill, settings.training_threads
    made = []
    with (
        connect(settings.training_memory, threads, spill) as connection,
        coded(connection, Path(lines.path), settings.lake) as coded_lines,
    ):
        for moment in moments:
            for view in views:
                with progress.step(f"compute {view.tag}"):
                    root = settings.offline_features
                    made.append(offline.write(root, view, coded_lines, moment))
    return made
