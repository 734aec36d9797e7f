"""Cases of text metrics, answered by sacrebleu, rouge-score, nltk, jiwer and RapidFuzz."""

import logging

import jiwer
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, DamerauLevenshtein, Indel, Jaro, JaroWinkler, LCSseq, Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER

from texts import line, near, segments, streams, words

logging.disable(logging.CRITICAL)


def scored(metric, level, hypotheses, references):
    if level == "sentence":
        return metric.sentence_score(hypotheses[0], references[0])
    return metric.corpus_score(hypotheses, streams(references))


def level_of(rng, hypotheses, references):
    if rng.random() < 0.35:
        return "sentence", hypotheses[:1], references[:1]
    return "corpus", hypotheses, references


def bleu(rng, given=None):
    level, hypotheses, references = level_of(rng, *(given or segments(rng)))
    params = {
        "tokenize": rng.choice(["none", "13a", "13a", "intl", "zh", "char"]),
        "smooth_method": rng.choice(["exp", "exp", "floor", "add-k", "none"]),
        "smooth_value": None,
        "lowercase": rng.random() < 0.3,
        "effective_order": rng.random() < 0.5,
        "max_ngram_order": rng.choice([4, 4, 4, 1, 2, 6]),
    }
    if params["smooth_method"] in ("floor", "add-k") and rng.random() < 0.5:
        params["smooth_value"] = rng.choice([0.01, 0.5, 2])
    metric = BLEU(**params)
    got = scored(metric, level, hypotheses, references)
    expected = {
        "score": got.score, "counts": got.counts, "totals": got.totals, "precisions": got.precisions,
        "bp": got.bp, "sys_len": got.sys_len, "ref_len": got.ref_len, "signature": str(metric.get_signature()),
    }
    return {"level": level, **params}, {"hyps": hypotheses, "refs": references}, expected


def bleu_tokenize(rng):
    text = line(rng)
    names = ["none", "13a", "intl", "zh", "char"]
    expected = {name: BLEU(tokenize=name).tokenizer(text.rstrip()).split() for name in names}
    return {}, {"line": text}, expected


def chrf(rng, given=None):
    level, hypotheses, references = level_of(rng, *(given or segments(rng)))
    params = {
        "char_order": rng.choice([6, 6, 6, 1, 4, 8]), "word_order": rng.choice([0, 1, 2]),
        "beta": rng.choice([2, 2, 1, 3]), "lowercase": rng.random() < 0.3,
        "whitespace": rng.random() < 0.3, "eps_smoothing": rng.random() < 0.3,
    }
    metric = CHRF(**params)
    got = scored(metric, level, hypotheses, references)
    rows = metric._extract_corpus_statistics(hypotheses, streams(references))
    expected = {
        "score": got.score, "stats": [int(sum(column)) for column in zip(*rows)],
        "name": got.name, "signature": str(metric.get_signature()),
    }
    return {"level": level, **params}, {"hyps": hypotheses, "refs": references}, expected


def ter(rng, given=None):
    level, hypotheses, references = level_of(rng, *(given or segments(rng, 3)))
    params = {name: rng.random() < 0.4 for name in ["normalized", "no_punct", "asian_support", "case_sensitive"]}
    metric = TER(**params)
    got = scored(metric, level, hypotheses, references)
    expected = {
        "score": got.score, "num_edits": got.num_edits, "ref_len": got.ref_length,
        "signature": str(metric.get_signature()),
    }
    return {"level": level, **params}, {"hyps": hypotheses, "refs": references}, expected


def ter_tokenize(rng):
    text = line(rng)
    flags = {
        "default": {}, "normalized": {"normalized": True},
        "normalized_asian": {"normalized": True, "asian_support": True}, "no_punct": {"no_punct": True},
        "normalized_no_punct_asian_case":
            {"normalized": True, "no_punct": True, "asian_support": True, "case_sensitive": True},
    }
    expected = {name: TER(**f)._preprocess_segment(text).split() for name, f in flags.items()}
    return {}, {"line": text}, expected


def prose(rng):
    return "\n".join(line(rng, 15) for _ in range(rng.randint(1, 4)))


def rouge(rng):
    types = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
    params = {"types": types, "use_stemmer": rng.random() < 0.5}
    reference = prose(rng)
    hypothesis = near(rng, reference) if rng.random() < 0.8 else prose(rng)
    got = RougeScorer(types, use_stemmer=params["use_stemmer"]).score(reference, hypothesis)
    return params, {"ref": reference, "hyp": hypothesis}, parts(got)


def rouge_multi(rng):
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    params = {"types": types, "use_stemmer": rng.random() < 0.5}
    references = [prose(rng) for _ in range(rng.randint(1, 4))]
    hypothesis = near(rng, rng.choice(references))
    got = RougeScorer(types, use_stemmer=params["use_stemmer"]).score_multi(references, hypothesis)
    return params, {"refs": references, "hyp": hypothesis}, parts(got)


def parts(got):
    return {name: {"p": s.precision, "r": s.recall, "f": s.fmeasure} for name, s in got.items()}


class NoSynsets:
    """A WordNet without words: the exact and the stem stage alone."""

    @staticmethod
    def synsets(_word):
        return []


def meteor(rng):
    reference = words(rng)
    references = [near(rng, " ".join(reference)).split() for _ in range(rng.randint(1, 3))]
    hypothesis = near(rng, " ".join(reference)).split()
    params = {"alpha": rng.choice([0.9, 0.5]), "beta": rng.choice([3.0, 1.0]), "gamma": rng.choice([0.5, 0.2])}
    score = meteor_score(references, hypothesis, wordnet=NoSynsets, **params)
    return params, {"refs": references, "hyp": hypothesis}, {"score": score}


SUFFIXES = """s es ies ed eed ing y ational tional enci anci izer bli alli entli eli ousli ization ation ator
alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence
er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize e ll ss sses""".split()


def porter_nltk(rng):
    stemmer = PorterStemmer()
    letters = "aeiouybcdfghklmnprstvwz"
    made = ["".join(rng.choice(letters) for _ in range(rng.randint(1, 5))) + rng.choice(SUFFIXES) for _ in range(20)]
    made += [w for w in words(rng, 10)]
    return {"mode": "NLTK_EXTENSIONS", "to_lowercase": True}, {"words": made}, {"stems": [stemmer.stem(w) for w in made]}


def wer_cer(rng, given=None):
    pairs = list(given or [])
    while not pairs:
        hypotheses, references = segments(rng, 4)
        pairs = [(r[0], h) for r, h in zip(references, hypotheses) if r[0].strip()]
    references, hypotheses = [r for r, _ in pairs], [h for _, h in pairs]
    by_word, by_char = jiwer.process_words(references, hypotheses), jiwer.process_characters(references, hypotheses)
    counts = lambda o: {k: getattr(o, k) for k in ["hits", "substitutions", "deletions", "insertions"]}
    expected = {
        "wer": by_word.wer, "mer": by_word.mer, "wil": by_word.wil, "wip": by_word.wip,
        "word_counts": counts(by_word), "cer": by_char.cer, "char_counts": counts(by_char),
    }
    return {}, {"refs": references, "hyps": hypotheses}, expected


def string_similarity(rng, given=None):
    a = line(rng, 40)
    b = near(rng, a) if rng.random() < 0.7 else line(rng, 40)
    a, b = given or (a, b)
    expected = {
        "levenshtein": Levenshtein.distance(a, b),
        "levenshtein_normalized_similarity": Levenshtein.normalized_similarity(a, b),
        "levenshtein_w112": Levenshtein.distance(a, b, weights=(1, 1, 2)),
        "indel": Indel.distance(a, b), "fuzz_ratio": fuzz.ratio(a, b), "osa": OSA.distance(a, b),
        "damerau": DamerauLevenshtein.distance(a, b), "lcs_len": LCSseq.similarity(a, b),
        "jaro": Jaro.similarity(a, b), "jaro_winkler": JaroWinkler.similarity(a, b),
    }
    return {}, {"a": a, "b": b}, expected


KINDS = {
    "bleu": ("sacrebleu", bleu, 1.0), "bleu_tokenize": ("sacrebleu", bleu_tokenize, 1.0),
    "chrf": ("sacrebleu", chrf, 0.6), "ter": ("sacrebleu", ter, 0.8), "ter_tokenize": ("sacrebleu", ter_tokenize, 0.6),
    "rouge": ("rouge-score", rouge, 0.8), "rouge_multi": ("rouge-score", rouge_multi, 0.4),
    "meteor": ("nltk", meteor, 0.8), "porter_nltk": ("nltk", porter_nltk, 0.4),
    "wer_cer": ("jiwer", wer_cer, 0.8), "string_similarity": ("RapidFuzz", string_similarity, 0.8),
}
