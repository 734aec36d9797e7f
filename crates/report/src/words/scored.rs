//! Korean for scores of files of texts.
//!
//! Main table: [`SCORED`]. Rules as in `ko.rs`.

use super::Entry;

#[rustfmt::skip]
pub(super) const SCORED: &[Entry] = &[
    ("{file}: {n} cases, {k} units of sampling", "{file}: 케이스 {n}개, 표본 단위 {k}개"),
    ("worst slice", "가장 나쁜 부분"), ("changed most", "가장 많이 바뀜"),
    ("units of sampling", "표본 단위"),
    ("every value depends on all texts", "모든 값이 전체 글에 달려 있음"),
    ("few units of sampling ({n} of kind {~unit}): intervals may be too narrow", "표본 단위가 적습니다({unit} {n}개): 신뢰 구간이 너무 좁을 수 있습니다"),
    ("{slice}: few units of sampling ({n} of kind {~unit}): intervals may be too narrow", "{slice}: 표본 단위가 적습니다({unit} {n}개): 신뢰 구간이 너무 좁을 수 있습니다"),
    ("{file}: a byte order mark at the beginning was left out", "{file}: 맨 앞의 바이트 순서 표시를 뺐습니다"),
    ("{file}: lines end in CR LF ({n}): the CR is not part of them", "{file}: 줄이 CR LF로 끝납니다({n}개): CR은 줄에 들지 않습니다"),
    ("{file}: mixed line ends: {n} lines end in CR LF and {k} in LF; the CR is not part of them", "{file}: 줄 끝이 섞여 있습니다: CR LF {n}개, LF {k}개; CR은 줄에 들지 않습니다"),
    ("warning: {~what}", "경고: {what}"),
];
