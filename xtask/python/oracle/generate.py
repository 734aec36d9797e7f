"""Writes random cases with the answers of the reference packages, in the form of the golden files.

    python generate.py FOLDER SEED CASES

CASES is the number of cases of the cheapest kinds; costly kinds get a share of it. The same seed
gives the same cases. One file a package; `battles` are also fitted by evalica (see fitted.py).
"""

import json
import pathlib
import random
import sys

import corpus
import fitted
import huge
import figures


def kinds():
    """Every kind, the large ones last."""
    for source in (corpus, figures, fitted):
        yield from source.KINDS.items()
    for kind, made in huge.KINDS.items():
        yield kind, made


def main():
    folder, seed, cases = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for kind, (package, make, share) in kinds():
        rng = random.Random(f"{seed} {kind} {share}")
        out = files.setdefault(package, [])
        for i in range(max(1, int(cases * share))):
            params, given, expected = make(rng)
            out.append({"id": f"{kind}-{seed}-{share}-{i}", "metric": kind, "params": params, "input": given,
                        "expected": expected, "source": package})
    fitted.corpora(folder, random.Random(f"{seed} corpora"), files.setdefault("sacrebleu", []), seed)
    for package, lines in files.items():
        with open(folder / f"{package}.jsonl", "w") as out:
            for case in lines:
                out.write(json.dumps(case, allow_nan=False) + "\n")
        print(package, len(lines))


main()
