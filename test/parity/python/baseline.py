"""Logits of scikit-learn's TF-IDF of words and characters under one-vs-rest logistic regression.

In: {texts, labels: a list of 0, 1 or null (not labelled) for each text, others: texts to score, inversePenalty}
Out: {terms, grams: numbers of features, logits: a list for each of `others`}
"""

import json
import sys

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression


def main(request):
    words = TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2)
    texts = request["texts"]
    rows = hstack([words.fit_transform(texts), grams.fit_transform(texts)]).tocsr()
    others = hstack([words.transform(request["others"]), grams.transform(request["others"])]).tocsr()
    labels = np.array([[np.nan if x is None else x for x in row] for row in request["labels"]])
    logits = []
    for column in labels.T:
        labelled = ~np.isnan(column)
        model = LogisticRegression(C=request["inversePenalty"], tol=1e-8, max_iter=10_000)
        model.fit(rows[labelled], column[labelled])
        logits.append(model.decision_function(others))
    return {
        "terms": len(words.vocabulary_),
        "grams": len(grams.vocabulary_),
        "logits": np.array(logits).T.tolist(),
    }


json.dump(main(json.load(sys.stdin)), sys.stdout)
