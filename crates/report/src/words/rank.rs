//! Korean for rankings, votes, and agreement of people with scorers.
//!
//! Main tables: [`RANK`], [`PEOPLE`]. Rules as in `ko.rs`.

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

/// Stored votes and scores, and what people say of answers.
#[rustfmt::skip]
pub(super) const PEOPLE: &[Entry] = &[
    ("you voted on every pair", "모든 쌍에 투표했습니다"),
    ("no case was answered by two targets", "두 대상이 함께 응답한 케이스가 없습니다"),
    ("battles are made of the score '{name}': of two answers to one case the higher wins, the first answers of both, then the second", "대결은 점수 '{name}'로 만들었습니다: 같은 케이스의 두 응답 중 점수가 높은 쪽이 이깁니다. 반복이 있으면 첫 응답끼리, 다음은 둘째 응답끼리 겨룹니다"),
    ("{~what}: {have}, at most {most} are rated at once", "{what}: {have}, 한 번에 최대 {most}까지 점수를 매깁니다"),
    ("battles of scores", "점수로 만든 대결"), ("contestants", "참가 모델"),
    ("nobody has voted yet", "아직 아무도 투표하지 않았습니다"),
    ("no two targets have this score on the same case", "같은 케이스에 이 점수가 있는 대상이 둘이 되지 않습니다"),
    ("nobody voted on answers of these runs", "이 실행들의 응답에 투표한 사람이 없습니다"),
    ("`acidtest view` has a page for blind votes; --scores NAME makes battles of scores", "`acidtest view`에 블라인드 투표 페이지가 있습니다; --scores NAME은 점수로 대결을 만듭니다"),
    ("no two targets have the score '{name}' on the same case", "같은 케이스에 점수 '{name}'이(가) 있는 대상이 둘이 되지 않습니다"),
    ("these runs have no scores", "이 실행들에는 점수가 없습니다"),
    ("name fewer runs with --run", "--run으로 실행을 더 적게 고르십시오"),
    ("{what} belongs to files of votes, not to stored runs", "{what}은(는) 투표 파일에 쓰는 것이며 저장된 실행에는 쓰지 않습니다"),
    ("leave it out, or name a file", "빼거나 파일을 지정하십시오"),
    ("--by-time cannot be used with --scores: scores have no times", "--by-time은 --scores와 함께 쓸 수 없습니다: 점수에는 시각이 없습니다"),
    ("use --votes", "--votes를 쓰십시오"),
    ("the battles name no {~what}", "대결에 {what} 정보가 없습니다"),
    // Agreement.
    ("equal opinions / pairs; Wilson with the effective n of the clustered variance", "같은 의견 / 쌍; 군집 분산의 유효 n에 윌슨 구간"),
    ("Cohen's kappa, 1 - disagreement / that of independent labels with the same margins; bootstrap of {n} resamples of whole {unit}, seed {k}", "코헨 카파, 1 - 불일치 / 주변 분포가 같은 독립 라벨의 불일치; 표본 단위({unit}) 부트스트랩 {n}회, 시드 {k}"),
    ("answers that both spoke of, the latest opinion of each", "양쪽이 모두 말한 응답, 각자의 마지막 의견"),
    ("yes is a person's number from {n} on and a scorer's from {k} on", "예는 사람의 수가 {n} 이상, 채점기의 수가 {k} 이상일 때"),
    ("too many labels to compare", "견주기에는 라벨이 너무 많습니다"),
    ("no answer that both spoke of, in a form that can be compared", "양쪽이 견줄 수 있는 형태로 말한 응답이 없습니다"),
    ("both sides have one and the same class", "양쪽이 같은 한 가지 라벨뿐입니다"),
    // Browsing.
    ("logprobs of the {side}", "{side}의 로그 확률"),
    ("no run has the number '{name}'", "어떤 실행에도 '{name}' 수치가 없습니다"),
    ("the search went through {n} of {of} answers so far; ask again to go on", "지금까지 응답 {of}건 중 {n}건을 찾아보았습니다; 다시 물으면 이어집니다"),
    ("the search went through {n} cases and no answers so far; ask again to go on", "지금까지 케이스 {n}개를 찾아보았고 응답은 아직입니다; 다시 물으면 이어집니다"),
];
