//! Korean for rankings.
//!
//! Main table: [`RANK`]. Rules as in `ko.rs`.

use super::Entry;

#[rustfmt::skip]
pub(super) const RANK: &[Entry] = &[
    ("RANKING", "순위"), ("PAIRS", "모델 쌍"), ("STYLE", "문체"), ("NEXT", "다음 대결"), ("WINS", "승률표"),
    ("rank", "순위"), ("model", "모델"), ("rating", "점수"), ("battles", "대결"), ("won", "승"),
    ("tied", "무"), ("lost", "패"), ("average win rate", "평균 승률"),
    ("no ratings:", "점수 없음:"), ("shown", "확인됨"), ("not shown", "확인되지 않음"),
    ("voter", "평가자"), ("duel", "결투(양쪽 순서)"), ("battle", "대결"),
    ("sandwich", "샌드위치"), ("bootstrap", "부트스트랩"),
    ("the battles that tell most", "가장 많은 것을 알려 줄 대결"),
    ("brings groups together", "나뉜 모델들을 이어 줌"),
    ("points for one standard deviation of the relative difference", "상대적 차이 1 표준편차당 점수"),
    ("share of decided battles that the row won", "승부가 난 대결 중 행의 모델이 이긴 비율"),
    ("{n} battles of {k} models", "모델 {k}개의 대결 {n}건"),
    ("sampled by {unit} ({n})", "표본 단위: {unit} ({n})"),
    ("{level} % intervals: {kind}", "{level} % 신뢰 구간: {kind}"),
    ("{n} of {of} pairs are shown to differ (Holm over {k})", "{of}쌍 중 {n}쌍의 차이가 확인되었습니다(홀름 보정 {k}쌍)"),
    ("expected information {gain} nats", "기대 정보량 {gain} nat"),
    ("{n} battles so far", "지금까지 대결 {n}건"),
    ("and {n} more models in JSON and CSV", "나머지 모델 {n}개는 JSON과 CSV에 있습니다"),
    ("Bradley-Terry, maximum likelihood", "브래들리-테리, 최대 가능도"),
    ("Bradley-Terry, regularised by {w} prior ties", "브래들리-테리, 사전 무승부 {w}건으로 정칙화"),
    ("online Elo, K {w}", "온라인 엘로, K {w}"),
    ("online Elo depends on the order of battles", "온라인 엘로는 대결 순서에 따라 달라집니다"),
    ("the anchor, fixed", "기준 모델(고정)"),
    ("models cannot be put on one scale; {~why}", "모델을 한 척도에 놓을 수 없습니다; {why}"),
    ("never lost to the others or tied them: {names}", "다른 모델에게 지거나 비긴 적 없음: {names}"),
    ("never beat the others or tied them: {names}", "다른 모델을 이기거나 비긴 적 없음: {names}"),
    ("never met the others: {names}", "다른 모델과 만난 적 없음: {names}"),
    ("the likelihood has no single maximum: {why}", "가능도에 하나뿐인 최댓값이 없습니다: {why}"),
    ("only {n} units of sampling: intervals may be too narrow", "표본 단위가 {n}개뿐입니다: 신뢰 구간이 너무 좁을 수 있습니다"),
    ("{n} of {of} resamples have no ratings and are left out", "재표본 {of}개 중 {n}개는 점수가 없어 제외했습니다"),
    ("regularised: the ratings are pulled together and are not the maximum-likelihood estimate", "정칙화: 점수가 서로 가깝게 당겨졌으며 최대 가능도 추정값이 아닙니다"),
    ("{n} models with fewer than {k} battles are left out: {names}", "대결이 {k}건 미만인 모델 {n}개를 제외했습니다: {names}"),
    ("all votes are of one voter: sampled by prompt or battle", "모든 표가 한 평가자의 것입니다: 프롬프트나 대결을 표본 단위로 합니다"),
    ("{n} tied battles are dropped: ratings speak of decided battles only", "무승부 {n}건을 뺐습니다: 점수는 승부가 난 대결만 말합니다"),
    ("battles count in the order of the files", "대결은 파일에 있는 순서대로 셉니다"),
    ("battles count in the order of their times", "대결은 시각 순서대로 셉니다"),
];
