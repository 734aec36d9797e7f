"""Ratings by exact maximum likelihood, and sacreBLEU's resampling of whole files.

Bradley-Terry has no package that gives ratings, sandwich and Fisher errors: they are computed here by
Newton's method and the ratings are held against evalica's fit before they are written.
"""

import math

import evalica
import numpy as np
from sacrebleu.metrics import BLEU, CHRF, TER

from figures import OUTCOMES, battles
from texts import line, near

SCALE = 400 / math.log(10)
Z = 1.959963984540054


def connected(wins):
    """Whether every model can be reached from every other over 'beats or ties'."""
    n = len(wins)
    reach = (wins > 0) | np.eye(n, dtype=bool)
    for k in range(n):
        reach |= np.outer(reach[:, k], reach[k])
    return bool(reach.all())


def newton(wins):
    n = len(wins)
    games, theta = wins + wins.T, np.zeros(n)
    for _ in range(200):
        p = 1 / (1 + np.exp(theta[None, :] - theta[:, None]))
        gradient = wins.sum(axis=1) - (games * p).sum(axis=1)
        weight = games * p * p.T
        hessian = np.diag(weight.sum(axis=1)) - weight
        step = np.zeros(n)
        step[1:] = np.linalg.solve(hessian[1:, 1:], gradient[1:])
        theta = theta + step / max(1.0, np.abs(step).max())
        theta -= theta.mean()
        if np.abs(step).max() < 1e-13:
            break
    return theta, p, hessian


def bradley_terry(rng):
    models, made = battles(rng)
    at = {m: i for i, m in enumerate(models)}
    wins = np.zeros((len(models), len(models)))
    for a, b, outcome in made:
        share = {"model_a": 1.0, "model_b": 0.0}.get(outcome, 0.5)
        wins[at[a], at[b]] += share
        wins[at[b], at[a]] += 1 - share
    params = {"scale": 400, "base": 10, "init": 1000, "tie": 0.5}
    given = {"models": models, "battles": made}
    if not connected(wins):
        return bradley_terry(rng)
    theta, p, hessian = newton(wins)
    n = len(models)
    inverse = np.linalg.inv(hessian + np.ones((n, n)) / n) - np.ones((n, n)) / n
    scores = np.zeros((n, n))
    for a, b, outcome in made:
        i, j = at[a], at[b]
        left = {"model_a": 1.0, "model_b": 0.0}.get(outcome, 0.5) - p[i, j]
        d = np.zeros(n)
        d[i], d[j] = left, -left
        scores += np.outer(d, d)
    half = lambda c: Z * SCALE * np.sqrt(np.clip(np.diag(c), 0, None))
    rating, sandwich, fisher = 1000 + SCALE * theta, half(inverse @ scores @ inverse), half(inverse)
    against_evalica(made, models, rating)
    low, high = rating - sandwich, rating + sandwich
    named = lambda values: {m: float(v) for m, v in zip(models, values)}
    chance = [[None if i == j else float(p[i, j]) for j in range(n)] for i in range(n)]
    likelihood = float((wins * np.log(np.where(wins > 0, p, 1))).sum())
    return params, given, {
        "mle_exists": True, "rating": named(rating), "ci_half_width_sandwich": named(sandwich),
        "ci_half_width_fisher": named(fisher), "lower": named(low), "upper": named(high),
        "rank_ub": {m: 1 + int(sum(low[k] > high[i] for k in range(n))) for i, m in enumerate(models)},
        "log_likelihood": likelihood, "predicted_win_rate": chance,
    }


def against_evalica(made, models, rating):
    xs, ys, winners = [m[0] for m in made], [m[1] for m in made], [OUTCOMES[m[2]] for m in made]
    fit = evalica.bradley_terry(xs, ys, winners, tolerance=1e-12, limit=1_000_000)
    theirs = np.array([math.log(fit.scores[m]) for m in models]) * SCALE
    theirs += 1000 - theirs.mean()
    worst = float(np.abs(theirs - rating).max())
    if worst > 0.01:
        raise SystemExit(f"evalica's ratings differ by {worst}: the oracle itself is wrong")


METRICS = {"bleu": BLEU, "chrf": CHRF, "ter": TER}


def corpora(folder, rng, out, seed):
    """Files of a few systems, and what sacreBLEU's bootstrap, paired bootstrap and randomisation say."""
    reference = [" ".join(line(rng, 20).split()) or "gold" for _ in range(60)]
    names = []
    for system in "ABC":
        lines = [" ".join(near(rng, near(rng, text)).split()) for text in reference]
        name = f"oracle.sys{system}.txt"
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        names.append((name, lines))
    (folder / "oracle.ref.txt").write_text("\n".join(reference) + "\n", encoding="utf-8")
    for kind in METRICS:
        for name, lines in names:
            out.append(bootstrap(kind, name, lines, reference, seed))


def bootstrap(kind, name, lines, reference, seed):
    import os
    os.environ["SACREBLEU_SEED"] = str(seed)
    metric = METRICS[kind](references=[reference])
    got = metric.corpus_score(lines, None, n_bootstrap=1000)
    expected = {"score": got.score, "mean": float(got._mean), "ci": float(got._ci)}
    return {"id": f"bootstrap_ci-{seed}-{kind}-{name}", "metric": "bootstrap_ci",
            "params": {"metric": kind, "n_bootstrap": 1000, "seed": seed},
            "input": {"hyp": name, "refs": ["oracle.ref.txt"]}, "expected": expected, "source": "sacrebleu"}


KINDS = {"bradley_terry": ("evalica", bradley_terry, 0.3)}
