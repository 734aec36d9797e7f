//! Korean of what is said about metrics of files.
//!
//! Main table: [`SENTENCES`].

use super::Entry;

/// Sentences of scored files.
#[rustfmt::skip]
pub(super) const SENTENCES: &[Entry] = &[
    ("the label '{label}' is not among the given labels", "레이블 '{label}'은(는) 주어진 레이블에 없습니다"),
    ("no case has the positive label '{label}'", "양성 레이블 '{label}'인 케이스가 없습니다"),
    ("the average 'binary' needs a positive label", "평균 'binary'에는 양성 레이블이 필요합니다"),
    ("0/0: no case of the class '{label}' that this score divides by", "0/0: 이 점수의 분모가 되는 '{label}' 케이스가 없습니다"),
    ("true \\ said", "실제 \\ 예측"),
    ("true -> said", "실제 -> 예측"),
    ("the score is {value}, expected a finite number", "점수가 {value}입니다. 유한한 수가 필요합니다"),
    ("the probability is {value}, expected a number from 0 to 1", "확률이 {value}입니다. 0에서 1 사이의 수가 필요합니다"),
    ("roc_auc and average_precision take any score; log_loss, brier and ece need probabilities", "roc_auc와 average_precision은 아무 점수나 받지만 log_loss, brier, ece에는 확률이 필요합니다"),
    ("there is no case", "케이스가 없습니다"),
    ("there is no query", "질의가 없습니다"),
    ("there is no task", "과제가 없습니다"),
    ("{n} scores for {of} true labels", "실제 레이블 {of}개에 점수 {n}개"),
    ("the probabilities sum to {sum}, expected 1", "확률의 합이 {sum}입니다. 1이어야 합니다"),
    ("DeLong, mean of the classes' ends", "DeLong, 레이블별 양 끝의 평균"),
    ("--average macro, weighted, micro or class; for one class give its scores by --score-field and --positive", "--average macro, weighted, micro, class 중 하나; 한 레이블만 보려면 --score-field와 --positive로 그 점수를 주세요"),
    ("the average 'binary' does not exist for probabilities of several classes", "레이블이 여럿인 확률에는 평균 'binary'가 없습니다"),
    ("an average of average precisions has no formula for its interval: see --average class", "평균 정밀도들의 평균에는 신뢰 구간 공식이 없습니다: --average class를 보세요"),
    ("a plug-in value is too high by chance, and resampling adds the same again: see ece_by_chance and calibration_z", "단순 대입 값은 우연만큼 높고 재표집은 그만큼을 또 더합니다: ece_by_chance와 calibration_z를 보세요"),
    ("expected by the probabilities themselves, not measured", "측정한 값이 아니라 확률 자체의 기댓값"),
    ("a case stands alone in its bin", "구간에 케이스가 하나뿐입니다"),
    ("its bins are chosen from the same cases: see calibration_z", "구간을 같은 케이스에서 골랐습니다: calibration_z를 보세요"),
    ("the test is for independent cases, and these are in clusters", "이 검정은 독립 케이스용인데 케이스가 묶음에 속해 있습니다"),
    ("a test statistic", "검정 통계량"),
    ("no query has a relevant document", "관련 문서가 있는 질의가 없습니다"),
    ("task '{name}' has {c} right of {n} samples", "과제 '{name}'은(는) 표본 {n}개 중 {c}개가 맞았습니다"),
    ("every task has {few} samples", "모든 과제의 표본이 모자랍니다({few})"),
    ("the value is {value}, no finite number", "값이 {value}입니다. 유한한 수가 아닙니다"),
];
