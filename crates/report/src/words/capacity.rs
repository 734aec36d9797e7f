//! Korean of what is said about load, objectives and searches.
//!
//! Main table: [`SENTENCES`].

use super::Entry;

/// Sentences of rungs and of what a search found.
#[rustfmt::skip]
pub(super) const SENTENCES: &[Entry] = &[
    ("RUNGS", "단계"),
    ("OBJECTIVE", "목표"),
    ("CAPACITY", "용량"),
    ("offered/s", "요청/초"),
    ("served/s", "처리/초"),
    ("goodput/s", "굿풋/초"),
    ("kept", "지킴"),
    ("objective and load", "목표와 부하"),
    ("invalid", "유효하지 않음"),
    ("too short", "너무 짧음"),
    ("cut", "중단됨"),
    ("saturated", "포화"),
    ("knee", "꺾이는 점"),
    ("in flight +{n} a second", "진행 중 요청이 초당 {n}건씩 늘어남"),
    ("requests in flight grow", "진행 중 요청이 늘어납니다"),
    ("too few requests to tell", "판정하기에는 요청이 너무 적습니다"),
    ("limited by this client", "이 클라이언트의 한계입니다"),
    ("shorter than 10 × p95 of its answers", "응답 p95의 10배보다 짧습니다"),
    ("cut by a stop and resumed: it does not count", "중단되었다가 이어져서 세지 않습니다"),
    ("stopped before its end: it does not count", "끝나기 전에 중단되어 세지 않습니다"),
    ("{term}: skipped for {n} of {of} requests, whose answers have no such value", "{term}: 요청 {of}건 중 {n}건은 응답에 그 값이 없어 건너뜀"),
    ("{share} of {n} requests kept it; {needed} % must", "요청 {n}건 중 {share}가 지킴; {needed} % 필요"),
    ("{n} skipped", "{n}건 건너뜀"),
    ("between {low} (kept) and {high} (broken): {slo}", "{low}(지킴)와 {high}(어김) 사이: {slo}"),
    ("at least {low}, the highest load allowed: {slo}", "{low} 이상(허용된 최고 부하): {slo}"),
    ("below {high}, the lowest load tried: {slo}", "{high} 미만(시도한 최저 부하): {slo}"),
    ("at least {low}, and not decided above: {slo}", "{low} 이상이고 그 위는 판정되지 않음: {slo}"),
    ("not decided: {slo}", "판정되지 않음: {slo}"),
    ("all {n} rungs are used up", "단계 {n}개를 모두 썼습니다"),
    ("the {n} s of the search are used up", "탐색 시간 {n}초를 모두 썼습니다"),
    ("the rungs made do not decide it", "지금까지의 단계로는 판정되지 않습니다"),
    ("loads between them stay undecided", "그 사이의 부하는 판정 보류로 남았습니다"),
    ("no objective was given (slo)", "목표(slo)가 주어지지 않았습니다"),
    ("answers are not judged", "응답을 채점하지 않았습니다"),
    ("search of the highest {~axis}", "가장 높은 {axis} 찾기"),
    ("sweep of {~axis}", "{axis} 바꿔 보기"),
    ("rate", "요청률"),
    ("concurrency", "동시성"),
];

/// Titles of goodput.
#[rustfmt::skip]
pub(super) const TITLES: &[Entry] = &[
    ("Requests per second that kept every objective", "모든 목표를 지킨 초당 요청"),
    ("Share of intended requests that kept every objective", "의도한 요청 중 모든 목표를 지킨 비율"),
    ("Requests per second that kept every objective and were right", "모든 목표를 지키고 정답인 초당 요청"),
    ("Share of intended requests that kept every objective and were right", "의도한 요청 중 모든 목표를 지키고 정답인 비율"),
];
