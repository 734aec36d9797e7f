"""Files for the comparison of speeds, from one seed: python data.py FOLDER

hyp.txt, ref.txt: 20,000 pairs of about 23 words; short.*: the first 5,000; scores.csv: 1,000,000 labels
and scores; battles.csv: 1,000,000 battles of 100 models.
"""

import pathlib
import random
import sys

import numpy as np

PAIRS = 20_000


def vocabulary(rng):
    syllables = "ba ce di fo gu la me ni ro su ta ve wi zo tion ing ed er ness".split()
    return ["".join(rng.choice(syllables) for _ in range(rng.randint(1, 4))) for _ in range(8_000)]


def sentence(rng, words, weights):
    picked = rng.choices(words, cum_weights=weights, k=rng.randint(12, 32))
    for _ in range(rng.randint(0, 2)):
        picked[rng.randrange(len(picked))] += rng.choice([",", ";", "'s", "."])
    return picked


def changed(rng, picked, words):
    out = list(picked)
    for _ in range(rng.randint(0, 6)):
        at, act = rng.randrange(len(out)), rng.randrange(4)
        if act == 0 and len(out) > 3:
            del out[at]
        elif act == 1:
            out.insert(at, rng.choice(words))
        elif act == 2:
            out[at] = rng.choice(words)
        else:
            block = out[at:at + 3]
            del out[at:at + 3]
            to = rng.randrange(len(out) + 1)
            out[to:to] = block
    return out


def texts(folder):
    rng = random.Random(20261126)
    words = vocabulary(rng)
    weights, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 3)
        weights.append(total)
    hypotheses, references = [], []
    for _ in range(PAIRS):
        picked = sentence(rng, words, weights)
        references.append(" ".join(picked).capitalize() + ".")
        hypotheses.append(" ".join(changed(rng, picked, words)).capitalize() + ".")
    for name, lines in (("hyp", hypotheses), ("ref", references)):
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
        (folder / f"short.{name}.txt").write_text("\n".join(lines[:5_000]) + "\n")


def scores(folder):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 1_000_000)
    score = 1 / (1 + np.exp(-(rng.normal(size=label.size) + label)))
    with open(folder / "scores.csv", "w") as out:
        out.write("label,score\n")
        out.writelines(f"{l},{s:.9f}\n" for l, s in zip(label, score))


def battles(folder):
    rng = np.random.default_rng(2)
    models, n = 100, 1_000_000
    strength = rng.normal(0, 0.8, models)
    a = rng.integers(0, models, n)
    b = (a + rng.integers(1, models, n)) % models
    draw = rng.random(n)
    win = 1 / (1 + np.exp(strength[b] - strength[a]))
    word = np.where(draw < 0.15, 2, np.where(rng.random(n) < win, 0, 1))
    names = ["model_a", "model_b", "tie"]
    with open(folder / "battles.csv", "w") as out:
        out.write("model_a,model_b,winner\n")
        out.writelines(f"model-{x},model-{y},{names[w]}\n" for x, y, w in zip(a, b, word))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    texts(folder)
    scores(folder)
    battles(folder)


main()
