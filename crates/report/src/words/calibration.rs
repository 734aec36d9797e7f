//! Korean for calibrations.
//!
//! Main table: [`CALIBRATION`]. Rules as in `ko.rs`.

use super::Entry;

#[rustfmt::skip]
pub(super) const CALIBRATION: &[Entry] = &[
    ("CALIBRATED", "보정됨"),
    ("reported − true", "보고값 − 참값"), ("stamps", "시각 기록"), ("max", "최대"),
    ("first token", "첫 토큰"), ("exact arrivals", "정확한 도착"), ("exact gaps", "정확한 간격"),
    ("printed", "출력값"), ("true", "참값"), ("kernel", "커널"), ("program", "프로그램"),
    ("covered", "참값 포함"), ("not covered, off by {off}", "참값 미포함, 차이 {off}"),
    ("valid", "유효"),
    ("{n} of {of} answers joined with the truth", "답변 {of}건 중 {n}건을 참값과 연결"),
    ("{n} streams at once", "동시 스트림 {n}개"), ("{n} events/s", "초당 이벤트 {n}개"),
    ("clocks joined by the wall clock", "벽시계로 시계를 맞춤"),
    ("nothing to compare: no answer was joined, or no event was exact", "비교할 것이 없습니다: 연결된 답변이나 정확한 이벤트가 없습니다"),
    ("gaps with two exact ends", "양 끝이 정확한 간격"),
    ("other gaps whose bounds hold the truth", "범위가 참값을 포함하는 나머지 간격"),
    ("reads without a stamp of the kernel", "커널 시각이 없는 읽기"),
    ("left out: writes that took longer than 0.1 ms", "제외: 0.1 ms보다 오래 걸린 쓰기"),
    ("answers not joined with the truth", "참값과 연결되지 않은 답변"),
    ("content events per read", "읽기당 내용 이벤트"),
    ("a write took p50 {p50}, p99 {p99}; the truth lies inside it", "쓰기에 걸린 시간 p50 {p50}, p99 {p99}; 참값은 그 안에 있습니다"),
    ("{what}: reported − true p99 {p99}", "{what}: 보고값 − 참값 p99 {p99}"),
    ("printed quantiles that cover the truth", "참값을 포함하는 출력 분위수"),
    ("the report has several", "보고서에 여러 개가 있습니다"), ("the report has none", "보고서에 없습니다"),
    ("printed over {n} gaps, joined {k}", "출력은 간격 {n}개, 연결은 {k}개"),
];
