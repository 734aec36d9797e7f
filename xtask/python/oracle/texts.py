"""Random texts for the oracle: plain, hostile, empty, long. Everything comes from one seed."""

WORDS = """the a museum gold crown of Silla was found in 1921 and weighs 1,000.5 g it's don't U.S. e-mail
"quoted" (brackets) running ran easily happily dogs' x-ray 50% $3.20 &amp; &lt;b&gt; <skipped> end-of-
line ... -- ? ! : ; / \\ [x] {y} 金冠 博物館 東京 금관은 경주에서 국립박물관의 전시실 입니다 Straße ΣΑΣ İstanbul
naïve café cafe\u0301 Привет мир عربي हिन्दी ไทย 👩‍👩‍👧 😀 x² ½ Ⅷ ﬁne Ǆ relational conditional
vietnamization hopping agreed plastered sky dying news innings""".split()
ODD = ["\u001c", "\u001d", "\u001e", "\u001f", "\u0085", "\u00a0", "\u2028", "\u2029", "\u200b", "\u200d", "\ufeff",
       "\u3000", "\u2001", "\t", "  ", "\u000b", "\u000c", "\u0301", "\u1100\u1161\u11a8", "\U0001f600", "\u0000",
       "\U0002a6d6", "、", "。", "「", "，", "\u00b2", "\u00bd", "\u2167", "-", "&quot;", "&amp;lt;", "\ud7a3", "ß", "İ"]


def words(rng, most=30):
    return [rng.choice(WORDS) for _ in range(rng.randint(0, most))]


def line(rng, most=30):
    """A text: mostly words, sometimes strewn with odd characters, sometimes empty or nothing but odd ones."""
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(["", " ", "\u3000", "\u001c", "...", "\u0301"])
    if kind < 0.10:
        return "".join(rng.choice(ODD) for _ in range(rng.randint(1, 12)))
    parts = words(rng, most)
    if kind < 0.45:
        for _ in range(rng.randint(1, 4)):
            parts.insert(rng.randint(0, len(parts)), rng.choice(ODD))
        return rng.choice(["", " "]).join(parts) if rng.random() < 0.3 else " ".join(parts)
    return " ".join(parts)


def near(rng, text):
    """A text made from another by dropping, moving, repeating and changing words."""
    parts = text.split(" ")
    for _ in range(rng.randint(0, 4)):
        if not parts:
            break
        at = rng.randrange(len(parts))
        act = rng.randrange(5)
        if act == 0:
            del parts[at]
        elif act == 1:
            parts.insert(at, rng.choice(WORDS))
        elif act == 2:
            parts[at] = rng.choice(WORDS)
        elif act == 3:
            parts[at] = parts[at].upper()
        else:
            to = rng.randrange(len(parts))
            span = parts[at:at + rng.randint(1, 5)]
            del parts[at:at + len(span)]
            parts[to:to] = span
    return " ".join(parts)


def segments(rng, most=5):
    """Hypotheses with a varying number of references each."""
    references = []
    hypotheses = []
    fixed = rng.randint(1, 3) if rng.random() < 0.6 else None
    for _ in range(rng.randint(1, most)):
        source = line(rng)
        references.append([near(rng, source) if rng.random() < 0.8 else line(rng) for _ in range(fixed or rng.randint(1, 4))])
        hypotheses.append(near(rng, source) if rng.random() < 0.85 else line(rng))
    return hypotheses, references


def streams(references):
    """References per segment to sacreBLEU's streams, padded with None."""
    most = max(len(r) for r in references)
    return [[r[i] if i < len(r) else None for r in references] for i in range(most)]
