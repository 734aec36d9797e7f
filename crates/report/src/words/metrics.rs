//! Korean titles of metrics; their definitions are the reference, which is English.
//!
//! Main table: [`TITLES`]. A test holds it equal to the metrics there are.

use super::Entry;

/// A metric's title.
#[rustfmt::skip]
pub(super) const TITLES: &[Entry] = &[
    ("Share of requests whose answer came as far as one stage of the validity funnel", "응답이 유효성의 한 단계까지 온 요청의 비율"),
    ("Share of delivered answers in which one field is right", "전달된 응답 중 한 필드가 맞은 비율"),
    ("What the requests cost", "요청에 든 비용"),
    ("What a thousand right answers cost", "정답 1천 건에 든 비용"),
    ("Share of delivered answers that are right", "전달된 응답 중 정답의 비율(정확도)"),
    ("Share of cases that pass when asked several times", "여러 번 물었을 때 통과하는 케이스의 비율"),
    ("Mean score of one scorer; also addressed by the scorer's name alone", "한 채점기의 평균 점수; 채점기 이름만으로도 가리킬 수 있음"),
    ("Share of the cases that must be refused that were refused", "거절해야 할 케이스 중 거절한 비율"),
    ("Share of the cases that must be answered that were refused", "답해야 할 케이스 중 거절한 비율"),
    ("Share of delivered answers that are no good answer", "전달된 응답 중 좋지 않은 응답의 비율"),
    ("Share of requests with one delivery class", "한 전달 결과에 속하는 요청의 비율"),
    ("Share of requests with one judgement", "한 채점 결과에 속하는 요청의 비율"),
    ("Share of attempts with a transport or protocol error", "전송 또는 프로토콜 오류가 난 시도의 비율(오류율)"),
    ("Share of requests that were served in the end", "결국 응답을 받은 요청의 비율"),
    ("Inter-chunk latency: every gap between consecutive content events, pooled", "이벤트 간격: 잇따른 내용 이벤트 사이의 모든 간격"),
    ("Inter-token latency: icl where an event is a token", "토큰 간격: 이벤트가 곧 토큰일 때의 icl"),
    ("Output tokens in a content event", "내용 이벤트 하나의 출력 토큰 수"),
    ("Time per output token after the first event", "첫 이벤트 뒤 출력 토큰당 시간"),
    ("Largest gap of a record", "한 기록에서 가장 긴 간격"),
    ("Speed that one user reads at", "사용자 한 명이 받는 토큰 속도"),
    ("Output tokens over the whole request's time", "요청 전체 시간으로 나눈 출력 토큰 수"),
    ("How long a request took by the server's own clock", "서버 자체 시계로 잰 요청 시간"),
    ("Speed of reading the prompt, as the server times it", "서버가 잰 프롬프트 처리 속도"),
    ("Speed of writing the answer, as the server times it", "서버가 잰 응답 생성 속도"),
    ("Share of the whole time that the server does not account for", "전체 시간 중 서버가 설명하지 않는 비율"),
    ("Delivered requests per second", "초당 전달된 요청 수"),
    ("Output tokens per second over all users", "모든 사용자의 초당 출력 토큰 수"),
    ("Requests in flight, weighted by time", "시간으로 가중한 동시 요청 수"),
    ("Prompt tokens of a request", "요청의 프롬프트 토큰 수"),
    ("Completion tokens of a request, reasoning included", "요청의 출력 토큰 수(추론 포함)"),
    ("Prompt tokens that came from a cache", "캐시에서 온 프롬프트 토큰 수"),
    ("Reasoning tokens among the completion tokens", "출력 토큰 중 추론 토큰 수"),
    ("Time to first token: first content of any kind", "첫 토큰까지 시간(TTFT): 종류를 가리지 않은 첫 내용"),
    ("Time to first visible text", "첫 표시 글까지 시간"),
    ("Time to first tool-call text", "첫 도구 호출 글까지 시간"),
    ("What a user waits for the first token when arrivals do not wait for us", "도착이 응답을 기다리지 않을 때 사용자가 첫 토큰을 기다리는 시간"),
    ("Time to the whole answer", "전체 응답까지 시간"),
    ("What a user waits for the whole answer when arrivals do not wait for us", "도착이 응답을 기다리지 않을 때 사용자가 전체 응답을 기다리는 시간"),
    ("Time to first response byte", "첫 응답 바이트까지 시간"),
    ("TCP connect", "TCP 연결"),
    ("TLS handshake", "TLS 핸드셰이크"),
    ("Wait for a pooled connection", "연결 풀에서 기다린 시간"),
    ("Our own lateness in sending", "측정기 자체의 전송 지연"),
    ("How long failed attempts took to fail", "실패한 시도가 실패하기까지 걸린 시간"),
];
