"""One rival's work on the files of data.py: python rivals.py WHAT FOLDER

Prints JSON {"compute_s", "value"}: processor seconds of the computation alone (imports and reading are
outside), and the number that came out.
"""

import json
import logging
import pathlib
import sys
import time

logging.disable(logging.CRITICAL)


def lines(folder, name):
    return (folder / name).read_text().split("\n")[:-1]


def pairs(folder, short=False):
    prefix = "short." if short else ""
    return lines(folder, prefix + "hyp.txt"), lines(folder, prefix + "ref.txt")


def floor(folder):
    hypotheses, references = pairs(folder)
    return lambda: sum(len(line.split()) for line in hypotheses + references)


def sacrebleu(kind, resamples=1):
    def prepare(folder):
        from sacrebleu.metrics import BLEU, CHRF, TER
        metric = {"bleu": BLEU, "chrf": CHRF, "ter": TER}[kind]()
        hypotheses, references = pairs(folder)
        return lambda: metric.corpus_score(hypotheses, [references], n_bootstrap=resamples).score
    return prepare


def bleuscore(folder):
    import bleuscore as package
    hypotheses, references = pairs(folder)
    wrapped = [[r] for r in references]
    return lambda: 100 * package.compute(predictions=hypotheses, references=wrapped, max_order=4, smooth=False)["bleu"]


def fastchrf(folder):
    import fastchrf as package
    hypotheses, references = pairs(folder)
    score = package.pairwise_chrf
    return lambda: float(sum(score([[h]], [[r]])[0][0][0] for h, r in zip(hypotheses, references)) / len(references))


def rouge(folder):
    from rouge_score.rouge_scorer import RougeScorer
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)
    hypotheses, references = pairs(folder, short=True)
    return lambda: sum(scorer.score(r, h)["rougeL"].fmeasure for h, r in zip(hypotheses, references)) / len(references)


def error_rate(split):
    def prepare(folder):
        from rapidfuzz.distance import Levenshtein
        hypotheses, references = pairs(folder)

        def compute():
            errors = of = 0
            for h, r in zip(hypotheses, references):
                h, r = split(h), split(r)
                errors += Levenshtein.distance(r, h)
                of += len(r)
            return errors / of
        return compute
    return prepare


def jiwer(name):
    def prepare(folder):
        import jiwer as package
        hypotheses, references = pairs(folder)
        return lambda: getattr(package, name)(references, hypotheses)
    return prepare


def auc(folder):
    import numpy as np
    from sklearn.metrics import roc_auc_score
    table = np.loadtxt(folder / "scores.csv", delimiter=",", skiprows=1)
    return lambda: float(roc_auc_score(table[:, 0], table[:, 1]))


def evalica(folder):
    import evalica as package
    import pandas
    table = pandas.read_csv(folder / "battles.csv")
    words = {"model_a": package.Winner.X, "model_b": package.Winner.Y, "tie": package.Winner.Draw}
    winners = table["winner"].map(words)

    def compute():
        fit = package.bradley_terry(table["model_a"], table["model_b"], winners)
        return float(fit.scores.max())
    return compute


def fastchat(resamples):
    def prepare(folder):
        import pandas
        from fastchat.serve.monitor import rating_systems
        table = pandas.read_csv(folder / "battles.csv")

        def compute():
            rating = rating_systems.compute_bt(table)
            if resamples:
                rating_systems.compute_bootstrap_bt(table, num_round=resamples)
            return float(rating.max())
        return compute
    return prepare


WORK = {
    "floor": floor, "sacrebleu-bleu": sacrebleu("bleu"), "sacrebleu-chrf": sacrebleu("chrf"),
    "sacrebleu-ter": sacrebleu("ter"), "sacrebleu-bleu-1000": sacrebleu("bleu", 1000), "bleuscore": bleuscore,
    "fastchrf": fastchrf, "rouge-score": rouge, "rapidfuzz-words": error_rate(str.split),
    "rapidfuzz-chars": error_rate(lambda text: text), "jiwer-wer": jiwer("wer"), "jiwer-cer": jiwer("cer"),
    "scikit-learn-auc": auc, "evalica": evalica, "fastchat-100": fastchat(100),
}


def main():
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    compute = WORK[what](folder)
    began = time.process_time()
    value = compute()
    print(json.dumps({"compute_s": time.process_time() - began, "value": value}))


main()
