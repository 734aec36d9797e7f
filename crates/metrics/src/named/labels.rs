//! Metrics of labels by their names.
//!
//! Main type: [`LabelScore`], a function of a confusion.

use super::{Given, NotNamed};
use crate::classify::{
    Averaging, ClassCounts, Confusion, KappaWeights, Measure, Undefined, ZeroDivision, score,
};

/// A number of a confusion. A class without a denominator counts 0, as in scikit-learn.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelScore {
    /// Precision, recall or F, averaged over the classes.
    Averaged(Measure, Averaging),
    /// The same of one class, by its label.
    Positive(Measure, String),
    /// Matthews' correlation.
    Mcc,
    /// Cohen's kappa.
    Kappa(KappaWeights),
    /// The mean recall of classes.
    BalancedAccuracy,
}

impl LabelScore {
    /// The number; `labels` are the classes by their ids.
    ///
    /// # Errors
    /// Nothing defines it, or no class has the label that is asked about.
    pub fn of(&self, confusion: &Confusion, labels: &[&str]) -> Result<f64, Undefined> {
        match self {
            LabelScore::Averaged(measure, averaging) => {
                // A class that a slice or a resample has on neither side takes no part, as in
                // scikit-learn, whose labels are those that occur.
                let counts: Vec<ClassCounts> =
                    confusion.class_counts().into_iter().filter(|c| c.actual + c.predicted > 0.0).collect();
                score(&counts, *measure, *averaging, ZeroDivision::Zero)
            }
            LabelScore::Positive(measure, label) => {
                let class = labels.iter().position(|l| l == label);
                let class = class.ok_or(Undefined::UnknownLabel { case: 0 })?;
                confusion.score(*measure, Averaging::Binary(class), ZeroDivision::Zero)
            }
            LabelScore::Mcc => confusion.mcc(ZeroDivision::Zero),
            LabelScore::Kappa(weights) => confusion.kappa(*weights),
            LabelScore::BalancedAccuracy => confusion.balanced_accuracy(),
        }
    }
}

pub(super) fn read(given: &Given<'_>) -> Result<LabelScore, NotNamed> {
    let measure = match given.metric {
        "mcc" => return Ok(LabelScore::Mcc),
        "balanced_accuracy" => return Ok(LabelScore::BalancedAccuracy),
        "kappa" => {
            return Ok(LabelScore::Kappa(match given.get("weights") {
                None | Some("none") => KappaWeights::None,
                Some("linear") => KappaWeights::Linear,
                Some("quadratic") => KappaWeights::Quadratic,
                Some(_) => return Err(given.wrong("weights", "none, linear or quadratic")),
            }));
        }
        "precision" => Measure::Precision,
        "recall" => Measure::Recall,
        _ => match given.number("beta", 1.0)? {
            beta if beta > 0.0 => Measure::F(beta),
            _ => return Err(given.wrong("beta", "a number above 0")),
        },
    };
    match (given.get("average"), given.get("positive")) {
        (Some(_), Some(_)) => Err(given.wrong("average", "one of average and positive")),
        (None, Some(label)) => Ok(LabelScore::Positive(measure, label.to_owned())),
        (Some("macro"), None) => Ok(LabelScore::Averaged(measure, Averaging::Macro)),
        (Some("micro"), None) => Ok(LabelScore::Averaged(measure, Averaging::Micro)),
        (Some("weighted"), None) => Ok(LabelScore::Averaged(measure, Averaging::Weighted)),
        (Some(_), None) => Err(given.wrong("average", "macro, micro or weighted")),
        (None, None) => Err(NotNamed::Needs {
            metric: given.metric.to_owned(),
            needs: "average: macro (or micro, weighted), or positive: LABEL",
        }),
    }
}
