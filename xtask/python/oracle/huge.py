"""Few large cases: long texts against long texts, where tables and limits of an implementation show."""

import corpus
from texts import WORDS, near


def long_text(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def pair(rng, n):
    reference = long_text(rng, n)
    return near(rng, near(rng, near(rng, reference))), reference


def segment(rng, n):
    hypothesis, reference = pair(rng, n)
    return [hypothesis], [[reference, near(rng, reference)]]


KINDS = {
    "bleu": ("sacrebleu", lambda rng: corpus.bleu(rng, segment(rng, 20_000)), 0.002),
    "chrf": ("sacrebleu", lambda rng: corpus.chrf(rng, segment(rng, 3_000)), 0.002),
    "ter": ("sacrebleu", lambda rng: corpus.ter(rng, segment(rng, 150)), 0.005),
    "wer_cer": ("jiwer", lambda rng: corpus.wer_cer(rng, [pair(rng, 1_500)[::-1]]), 0.002),
    "string_similarity": ("RapidFuzz", lambda rng: corpus.string_similarity(rng, pair(rng, 400)), 0.005),
}
