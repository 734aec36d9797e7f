"""Cases of labels, probabilities, tests, random streams and ratings, answered by scikit-learn, scipy,
numpy and evalica."""

import math
import warnings

import evalica
import numpy as np
import sklearn.metrics as sk
from scipy import stats

warnings.filterwarnings("ignore")


def finite(x):
    x = float(x)
    return x if math.isfinite(x) else None


def scores(true, predicted, labels, average, zero):
    how = {"labels": labels, "average": average, "zero_division": zero}
    shape = (lambda x: [float(v) for v in x]) if average is None else float
    return {
        "precision": shape(sk.precision_score(true, predicted, **how)),
        "recall": shape(sk.recall_score(true, predicted, **how)),
        "f1": shape(sk.f1_score(true, predicted, **how)),
        "f0.5": shape(sk.fbeta_score(true, predicted, beta=0.5, **how)),
        "f2": shape(sk.fbeta_score(true, predicted, beta=2, **how)),
        "jaccard": shape(sk.jaccard_score(true, predicted, **how)),
    }


def classification(rng):
    names = rng.choice([["neg", "neu", "pos"], ["a", "b"], ["B", "a", "c", "Ä", "가"], ["x"], [str(i) for i in range(12)]])
    n = rng.choice([1, 2, 5, 30, 200])
    bias = rng.random()
    true = [rng.choice(names) for _ in range(n)]
    predicted = [t if rng.random() < bias else rng.choice(names) for t in true]
    labels = sorted(set(true) | set(predicted))
    zero = {}
    for value in (0, 1):
        every = scores(true, predicted, labels, None, value)
        every["support"] = [int(sum(t == name for t in true)) for name in labels]
        zero[f"zero_division_{value}"] = {"per_class": every} | {
            average: scores(true, predicted, labels, average, value) for average in ("micro", "macro", "weighted")
        }
    expected = {
        "labels": labels,
        "confusion_matrix": sk.confusion_matrix(true, predicted, labels=labels).tolist(),
        "accuracy": float(sk.accuracy_score(true, predicted)),
        "balanced_accuracy": finite(sk.balanced_accuracy_score(true, predicted)),
        "balanced_accuracy_adjusted": finite(sk.balanced_accuracy_score(true, predicted, adjusted=True))
        if len(set(true)) > 1 else None,
        "mcc": float(sk.matthews_corrcoef(true, predicted)),
        "kappa": {
            name: finite(sk.cohen_kappa_score(true, predicted, labels=labels, weights=None if name == "none" else name))
            for name in ("none", "linear", "quadratic")
        },
    } | zero
    return {"labels": None}, {"y_true": true, "y_pred": predicted}, expected


def auc_binary(rng):
    n = rng.choice([2, 5, 20, 100])
    true = [rng.randint(0, 1) for _ in range(n)]
    true[0], true[1] = 0, 1
    digits = rng.choice([1, 4])
    given = [round(rng.random() * 0.7 + 0.3 * t, digits) for t in true]
    fpr, tpr, at = sk.roc_curve(true, given, drop_intermediate=False)
    precision, recall, cut = sk.precision_recall_curve(true, given)
    expected = {
        "roc_auc": float(sk.roc_auc_score(true, given)),
        "average_precision": float(sk.average_precision_score(true, given)),
        "roc_curve": {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": [finite(t) for t in at]},
        "pr_curve": {"precision": precision.tolist(), "recall": recall.tolist(), "thresholds": cut.tolist()},
        "roc_auc_max_fpr_0.3": float(sk.roc_auc_score(true, given, max_fpr=0.3)),
    }
    return {}, {"y_true": true, "scores": given}, expected


def chances(rng, n, k):
    rows = []
    for _ in range(n):
        raw = [rng.random() ** 3 + 1e-9 for _ in range(k)]
        rows.append([x / sum(raw) for x in raw])
    return rows


def auc_multiclass(rng):
    k = rng.choice([3, 5])
    n = rng.choice([2 * k, 60])
    true = [i % k for i in range(n)]
    rng.shuffle(true)
    rows = chances(rng, n, k)
    hot = np.eye(k)[true]
    how = lambda multi, average: float(sk.roc_auc_score(true, rows, multi_class=multi, average=average))
    expected = {
        "ovr_macro": how("ovr", "macro"), "ovr_weighted": how("ovr", "weighted"),
        "ovo_macro": how("ovo", "macro"), "ovo_weighted": how("ovo", "weighted"),
        "average_precision_macro": float(sk.average_precision_score(hot, rows, average="macro")),
        "average_precision_micro": float(sk.average_precision_score(hot, rows, average="micro")),
        "top_2_accuracy": float(sk.top_k_accuracy_score(true, rows, k=2, labels=list(range(k)))),
    }
    return {}, {"y_true": true, "probs": rows}, expected


def log_loss_brier(rng):
    k = rng.choice([2, 3, 5])
    n = rng.choice([1, 8, 50])
    true = [rng.randrange(k) for _ in range(n)]
    rows = chances(rng, n, k)
    labels = list(range(k))
    expected = {
        "log_loss": float(sk.log_loss(true, rows, labels=labels)),
        "log_loss_sum": float(sk.log_loss(true, rows, labels=labels, normalize=False)),
        "brier_unscaled": float(sk.brier_score_loss(true, np.array(rows), labels=labels, scale_by_half=False)),
        "brier_half": float(sk.brier_score_loss(true, np.array(rows), labels=labels, scale_by_half=True)),
    }
    return {"labels": labels}, {"y_true": true, "probs": rows}, expected


def sample(rng, n):
    digits = rng.choice([1, 4])
    return [round(rng.gauss(0.3, 1.0), digits) for _ in range(n)]


def mann_whitney(rng):
    x, y = sample(rng, rng.randint(2, 30)), sample(rng, rng.randint(2, 30))
    if len(set(x + y)) < 2:
        x = x + [99.0]
    pair = lambda r: [float(r.statistic), float(r.pvalue)]
    test = lambda **how: pair(stats.mannwhitneyu(x, y, **how))
    ties = len(set(x + y)) < len(x + y)
    small = len(x) * len(y) <= 100
    expected = {
        "asymptotic_cc": test(method="asymptotic", alternative="two-sided"),
        "asymptotic_no_cc": test(method="asymptotic", use_continuity=False, alternative="two-sided"),
        "exact": None if ties or not small else test(method="exact", alternative="two-sided"),
        "greater_asymptotic_cc": test(method="asymptotic", alternative="greater"),
    }
    expected["a12"] = expected["asymptotic_cc"][0] / (len(x) * len(y))
    if not ties and not small:
        del expected["exact"]
    return {}, {"x": x, "y": y}, expected


def two_sample_t(rng):
    x, y = sample(rng, rng.randint(3, 30)), sample(rng, rng.randint(3, 30))
    x[0], y[0] = x[0] + 0.01, y[0] + 0.02
    row = lambda r: [float(r.statistic), float(r.df), float(r.pvalue)]
    return {}, {"x": x, "y": y}, {
        "welch": row(stats.ttest_ind(x, y, equal_var=False)), "student": row(stats.ttest_ind(x, y)),
    }


def dist_quantile(rng):
    p = rng.choice([0.001, 0.025, 0.5, 0.8, 0.975, 0.999, round(rng.uniform(0.001, 0.999), 6)])
    name = rng.choice(["norm", "t", "chi2", "beta"])
    if name == "norm":
        params, x = {}, stats.norm.ppf(p)
    elif name == "beta":
        a, b = round(rng.uniform(0.5, 200), 3), round(rng.uniform(0.5, 200), 3)
        params, x = {"a": a, "b": b}, stats.beta.ppf(p, a, b)
    else:
        df = rng.choice([1, 2, 3, 5, 10, 29, 100, 1000])
        params, x = {"df": df}, getattr(stats, name).ppf(p, df)
    return {"dist": name, **params}, {"p": p}, {"x": float(x)}


METHODS = ["linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "inverted_cdf"]


def quantiles(rng):
    x = sample(rng, rng.randint(1, 60))
    q = [0, 0.25, 0.5, 0.9, 0.95, 0.99, 1, round(rng.random(), 3)]
    return {}, {"x": x, "q": q}, {m: [float(v) for v in np.quantile(x, q, method=m)] for m in METHODS}


def rng_sequence(rng):
    seed = str(rng.choice([rng.randrange(2**32), rng.randrange(2**64)]))
    numpy = np.random.default_rng(int(seed))
    ops, results = [], []
    for _ in range(8):
        high = rng.choice([1, 2, 3, 10, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40])
        size = rng.randint(1, 4)
        ops.append({"op": "integers", "high": str(high), "size": size})
        results.append([str(v) for v in numpy.integers(0, high, size)])
    return {"seed": seed}, {"ops": ops}, {"results": results}


def integers_bool(rng):
    seed, size = str(rng.randrange(2**40)), [rng.randint(1, 4), rng.randint(1, 70)]
    bits = np.random.default_rng(int(seed)).integers(2, size=size, dtype=bool)
    return {"seed": seed}, {"size": size}, {"bits": ["".join("01"[int(b)] for b in row) for row in bits]}


def permutation(rng):
    seed, n = str(rng.randrange(2**40)), rng.randint(1, 60)
    return {"seed": seed}, {"n": n}, {"x": np.random.default_rng(int(seed)).permutation(n).tolist()}


def bootstrap_percentile_mean(rng):
    x = [round(rng.gauss(10, 4), 4) for _ in range(rng.randint(3, 60))]
    seed, n = rng.randrange(10_000), 1000
    means = np.array(x)[np.random.default_rng(seed).integers(0, len(x), size=(n, len(x)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    expected = {"low": float(low), "high": float(high), "bootstrap_se": float(means.std(ddof=1)),
                "first_3_means": [float(m) for m in means[:3]]}
    return {"n_resamples": n, "seed": seed, "confidence": 0.95}, {"x": x}, expected


OUTCOMES = {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y, "tie": evalica.Winner.Draw, "tie (bothbad)": evalica.Winner.Draw}


def battles(rng):
    models = [f"m{i}" for i in range(rng.randint(2, 9))]
    made = []
    for i in range(rng.randint(len(models), 150)):
        a, b = (models[i % len(models)], models[(i + 1) % len(models)]) if i < 2 * len(models) else rng.sample(models, 2)
        made.append([a, b, rng.choice(list(OUTCOMES))])
    return models, made


def elo_online(rng):
    _, made = battles(rng)
    k = rng.choice([4, 32, 16])
    xs, ys, winners = [m[0] for m in made], [m[1] for m in made], [OUTCOMES[m[2]] for m in made]
    got = evalica.elo(xs, ys, winners, initial=1000, base=10, scale=400, k=k)
    return {"k": k, "scale": 400, "base": 10, "init": 1000, "tie": 0.5}, {"battles": made}, {
        "rating": {name: float(v) for name, v in got.scores.items()},
    }


KINDS = {
    "classification": ("scikit-learn", classification, 0.8), "auc_binary": ("scikit-learn", auc_binary, 0.6),
    "auc_multiclass": ("scikit-learn", auc_multiclass, 0.4), "log_loss_brier": ("scikit-learn", log_loss_brier, 0.5),
    "mann_whitney": ("scipy", mann_whitney, 0.5), "two_sample_t": ("scipy", two_sample_t, 0.4),
    "dist_quantile": ("scipy", dist_quantile, 0.5), "quantiles": ("numpy", quantiles, 0.4),
    "rng_sequence": ("numpy", rng_sequence, 0.3), "integers_bool": ("numpy", integers_bool, 0.2),
    "permutation": ("numpy", permutation, 0.2), "bootstrap_percentile_mean": ("numpy", bootstrap_percentile_mean, 0.2),
    "elo_online": ("evalica", elo_online, 0.5),
}
