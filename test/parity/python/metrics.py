"""scikit-learn's metrics of many small multi-label cases: a JSON list of cases in, a JSON list of results out."""

import json
import sys
import warnings

import numpy
import sklearn
import torch
from sklearn import metrics

warnings.simplefilter("ignore")  # undefined metrics are part of the cases
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)  # thousands of calls

AVERAGES = ("micro", "macro", "weighted", "samples")


def loss_of(logits, truth):
    labelled = ~numpy.isnan(truth)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(logits[labelled]).double(), torch.from_numpy(truth[labelled]).double()
    ).item()


def decided(truth, decisions, average="binary"):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, decisions, average=average, zero_division=0
    )
    jaccard = metrics.jaccard_score(truth, decisions, average=average, zero_division=0)
    return {"precision": precision, "recall": recall, "f1": f1, "jaccard": jaccard}


def ranked(truth, scores):
    both = 0 < truth.sum() < len(truth)
    return {
        "rocAuc": metrics.roc_auc_score(truth, scores) if both else None,
        "averagePrecision": metrics.average_precision_score(truth, scores) if truth.any() else None,
    }


def calibrated(truth, probabilities):
    wide = probabilities.astype(float)
    bins = numpy.digitize(wide, numpy.linspace(0, 1, 11)[1:-1], right=True)
    error = sum(
        (bins == b).mean() * abs(wide[bins == b].mean() - truth[bins == b].mean()) for b in numpy.unique(bins)
    )
    return {
        "brierScore": metrics.brier_score_loss(truth, wide, pos_label=1) if len(truth) else None,
        "calibrationError": error,
    }


def one_label(scores, probabilities, truth, decisions):
    labelled = ~numpy.isnan(truth)
    if not labelled.any():
        return None
    scores, probabilities, decisions = scores[labelled], probabilities[labelled], decisions[labelled]
    truth = truth[labelled].astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(truth, decisions, labels=[0, 1]).ravel().tolist()
    counts = {"truePositives": tp, "falsePositives": fp, "falseNegatives": fn, "trueNegatives": tn}
    exact = {**counts, "support": int(truth.sum()), **decided(truth, decisions)}
    return {"exact": exact, "close": {**ranked(truth, scores), **calibrated(truth, probabilities)}}


def all_labels(scores, probabilities, truth, decisions):
    """The same as one_label for each label of a matrix without missing labels, of two labels or more, in a few calls."""
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, decisions, zero_division=0)
    jaccard = metrics.jaccard_score(truth, decisions, average=None, zero_division=0)
    labels = []
    for i, ((tn, fp), (fn, tp)) in enumerate(metrics.multilabel_confusion_matrix(truth, decisions).tolist()):
        exact = {"truePositives": tp, "falsePositives": fp, "falseNegatives": fn, "trueNegatives": tn}
        exact.update(precision=precision[i], recall=recall[i], f1=f1[i], jaccard=jaccard[i])
        close = {**ranked(truth[:, i], scores[:, i]), **calibrated(truth[:, i], probabilities[:, i])}
        labels.append({"exact": {**exact, "support": int(support[i])}, "close": close})
    return labels


def whole(truth, decisions, scores, names, digits):
    """Everything that scikit-learn computes of such a matrix at once."""
    exact = {
        "subsetAccuracy": metrics.accuracy_score(truth, decisions),
        "hammingLoss": metrics.hamming_loss(truth, decisions),
    }
    close = {
        "labelRankingAveragePrecision": metrics.label_ranking_average_precision_score(truth, scores),
        "coverageError": metrics.coverage_error(truth, scores),
        "labelRankingLoss": metrics.label_ranking_loss(truth, scores),
    }
    for average in AVERAGES:
        exact[average] = decided(truth, decisions, average)
        axis = {"samples": 1}.get(average, 0)
        found, of = (truth.sum(), truth.size) if average == "micro" else (truth.sum(axis), truth.shape[axis])
        close[average] = {}
        if numpy.all(found > 0):
            close[average]["averagePrecision"] = metrics.average_precision_score(truth, scores, average=average)
        if numpy.all((found > 0) & (found < of)):
            close[average]["rocAuc"] = metrics.roc_auc_score(truth, scores, average=average)
    return {
        "exact": exact,
        "close": close,
        "report": metrics.classification_report(
            truth, decisions, target_names=names, zero_division=0, digits=digits
        ),
    }


def masked(truth, decisions, scores):
    """The same of a matrix with missing labels, row by row and as one list of labelled elements."""
    labelled = ~numpy.isnan(truth)
    rows = [i for i in range(len(truth)) if labelled[i].any()]
    of_rows = []
    for i in rows:
        known, given, ranks = truth[i, labelled[i]].astype(int), decisions[i, labelled[i]], scores[i, labelled[i]]
        of_rows.append({**decided(known, given), **ranked(known, ranks), "right": bool((known == given).all())})
    elements = truth[labelled].astype(int), decisions[labelled]
    mean = lambda name: numpy.mean([row[name] for row in of_rows if row[name] is not None] or [numpy.nan])
    close = {
        "subsetAccuracy": mean("right"),
        "hammingLoss": metrics.hamming_loss(*elements),
        "micro": {**decided(*elements), **ranked(elements[0], scores[labelled])},
        "samples": {
            name: None if numpy.isnan(mean(name)) else mean(name) for name in of_rows[0] if name != "right"
        },
    }
    return {"rows": len(rows), "close": close}


def evaluate(case):
    columns = len(case["names"])
    logits = numpy.array(case["logits"], dtype=numpy.float32).reshape(-1, columns)
    truth = numpy.array(case["labels"], dtype=numpy.float32).reshape(-1, columns)  # None becomes NaN
    probabilities = torch.from_numpy(logits).double().sigmoid().float().numpy()
    thresholds = numpy.array(case["thresholds"], dtype=numpy.float32)
    decisions = (probabilities > thresholds).astype(int)
    labelled = ~numpy.isnan(truth)
    result = {
        "loss": loss_of(logits, truth),
        "calibration": calibrated(truth[labelled].astype(int), probabilities[labelled]),
        "whole": None,
        "masked": None,
    }
    # scikit-learn takes a single column for a binary task, and knows no missing labels.
    if labelled.all() and columns > 1:
        known = truth.astype(int)
        result["labels"] = all_labels(logits, probabilities, known, decisions)
        result["whole"] = whole(known, decisions, logits, case["names"], case["digits"])
        return result
    result["labels"] = [
        one_label(logits[:, i], probabilities[:, i], truth[:, i], decisions[:, i]) for i in range(columns)
    ]
    if not labelled.all() and len(truth) <= 12:
        result["masked"] = masked(truth, decisions, logits)
    return result


json.dump([evaluate(case) for case in json.load(sys.stdin)], sys.stdout, allow_nan=False)
