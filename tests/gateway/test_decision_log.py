import os

import pytest

from bentos.contract.segment import DecisionFrame, SegmentHeader, read_frames
from gateway.config import LogFullPolicy
from gateway.decision_log import DecisionLog, close_left_open
from gateway.errors import Unavailable
from tests.gateway.installation import make_decision, make_personal


def open_log(folder, policy=LogFullPolicy.SERVE, max_bytes=1 << 20, boot="b1"):
    return DecisionLog(folder, "g", boot, policy=policy, max_bytes=max_bytes, max_age_s=300)


def test_a_decision_is_in_the_file_before_append_returns(tmp_path):
    log = open_log(tmp_path)
    assert log.append(make_decision, make_personal())
    [path] = tmp_path.iterdir()
    header, frame = read_frames(path)
    assert isinstance(header, SegmentHeader)
    assert frame.decision.seq == 0
    log.close()


def test_segments_rotate_by_size_and_seq_stays_gapless(tmp_path):
    log = open_log(tmp_path, max_bytes=2000)
    for _ in range(20):
        log.append(make_decision, make_personal())
    log.close()
    seqs, firsts = [], []
    for path in sorted(tmp_path.glob("*.segment")):
        frames = list(read_frames(path))
        firsts.append(frames[0].first_seq)
        own = [frame.decision.seq for frame in frames if isinstance(frame, DecisionFrame)]
        assert own[0] == frames[0].first_seq
        seqs += own
    assert seqs == list(range(20))
    assert len(firsts) > 2


def test_segments_rotate_by_age_but_only_when_they_hold_something(tmp_path):
    log = DecisionLog(
        tmp_path, "g", "b", policy=LogFullPolicy.SERVE, max_bytes=10**6, max_age_s=0.0
    )
    log.append(make_decision, make_personal())
    log.rotate_if_due()
    assert len(list(tmp_path.glob("*.segment"))) == 1
    log.close()


@pytest.mark.parametrize("policy", list(LogFullPolicy))
def test_a_full_disk_serves_or_refuses_and_leaves_no_torn_frame(tmp_path, monkeypatch, policy):
    log = open_log(tmp_path, policy)
    log.append(make_decision, make_personal())
    real = os.write

    def half(file, data):
        return real(file, data[: len(data) // 2])

    monkeypatch.setattr("gateway.decision_log.os.write", half)
    if policy is LogFullPolicy.REFUSE:
        with pytest.raises(Unavailable):
            log.append(make_decision, make_personal())
    else:
        assert not log.append(make_decision, make_personal())
    monkeypatch.undo()
    log._failed_at = None
    assert log.append(make_decision, make_personal())
    log.close()
    [path] = tmp_path.iterdir()
    assert [frame.decision.seq for frame in list(read_frames(path))[1:]] == [0, 1]
    assert log.lost == 1


def test_what_a_dead_process_left_open_is_closed_and_readable(tmp_path):
    log = open_log(tmp_path)
    log.append(make_decision, make_personal())
    close_left_open(tmp_path, "g")
    [path] = tmp_path.iterdir()
    assert path.suffix == ".segment"
    assert len(list(read_frames(path))) == 2
