//! Korean of what is said about the page of a run and its HTML file.
//!
//! Main table: [`PAGE`].

use super::Entry;

/// What is not drawn or not in the file.
#[rustfmt::skip]
pub(super) const PAGE: &[Entry] = &[
    ("curves show the first {n} of {of} places", "곡선은 자리 {of}개 중 앞의 {n}개만 보여 줍니다"),
    ("curves show the first {n} of {of} series of readings", "곡선은 측정 계열 {of}개 중 앞의 {n}개만 보여 줍니다"),
    ("raw requests and responses are not in this file", "요청과 응답의 원문은 이 파일에 없습니다"),
    ("this file holds {n} of {of} requests, failing ones first", "이 파일에는 요청 {of}건 중 {n}건이 실패한 것부터 담겨 있습니다"),
    ("{n} of {of} requests are shown by their row alone, for size", "요청 {of}건 중 {n}건은 크기 때문에 목록의 한 줄로만 보여 줍니다"),
    ("{n} requests are shortened for size: long texts, arrivals of events, other repeats", "요청 {n}건은 크기 때문에 줄였습니다: 긴 글, 이벤트의 도착, 다른 반복"),
    ("rows show the first {n} characters of question and answer, for size", "목록은 크기 때문에 질문과 답의 앞 {n}자만 보여 줍니다"),
    ("points of latency over time are left out for size", "시간에 따른 지연 시간의 점들은 크기 때문에 뺐습니다"),
    ("the run over time, slice after slice, is left out for size", "시간 구간별 경과는 크기 때문에 뺐습니다"),
    ("numbers by tag are left out for size", "태그별 수치는 크기 때문에 뺐습니다"),
    ("the stored plan is left out for size", "저장된 계획은 크기 때문에 뺐습니다"),
    ("curves are left out for size", "곡선은 크기 때문에 뺐습니다"),
    ("the frontier is left out for size", "프런티어는 크기 때문에 뺐습니다"),
];
