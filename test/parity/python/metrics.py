"""scikit-learn's metrics of many small multi-label cases: a JSON list of cases in, a JSON list of results out."""

import json
import sys
import warnings

import numpy
import torch
from sklearn import metrics

warnings.simplefilter("ignore")  # undefined metrics are part of the cases


def averaged(truth, decisions, average):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, decisions, average=average, zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1}


def loss_of(logits, truth):
    labelled = ~numpy.isnan(truth)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(logits[labelled]).double(), torch.from_numpy(truth[labelled]).double()
    ).item()


def one_label(scores, truth, decisions):
    labelled = ~numpy.isnan(truth)
    if not labelled.any():
        return None
    scores, truth, decisions = scores[labelled], truth[labelled].astype(int), decisions[labelled]
    tn, fp, fn, tp = metrics.confusion_matrix(truth, decisions, labels=[0, 1]).ravel().tolist()
    both = 0 < truth.sum() < len(truth)
    return {
        "truePositives": tp,
        "falsePositives": fp,
        "falseNegatives": fn,
        "trueNegatives": tn,
        "support": int(truth.sum()),
        "rocAuc": metrics.roc_auc_score(truth, scores) if both else None,
        "averagePrecision": metrics.average_precision_score(truth, scores) if truth.any() else None,
        **averaged(truth, decisions, "binary"),
    }


def whole(truth, decisions, names, digits):
    return {
        "subsetAccuracy": metrics.accuracy_score(truth, decisions),
        "hammingLoss": metrics.hamming_loss(truth, decisions),
        **{average: averaged(truth, decisions, average) for average in ("micro", "macro", "weighted", "samples")},
        "report": metrics.classification_report(
            truth, decisions, target_names=names, zero_division=0, digits=digits
        ),
    }


def evaluate(case):
    columns = len(case["names"])
    logits = numpy.array(case["logits"], dtype=numpy.float32).reshape(-1, columns)
    truth = numpy.array(case["labels"], dtype=numpy.float32).reshape(-1, columns)  # None becomes NaN
    probabilities = torch.from_numpy(logits).double().sigmoid().float().numpy()
    thresholds = numpy.array(case["thresholds"], dtype=numpy.float32)
    decisions = (probabilities > thresholds).astype(int)
    complete = not numpy.isnan(truth).any()
    return {
        "loss": loss_of(logits, truth),
        "labels": [one_label(logits[:, i], truth[:, i], decisions[:, i]) for i in range(columns)],
        # scikit-learn takes a single column for a binary task, and knows no missing labels.
        "whole": whole(truth.astype(int), decisions, case["names"], case["digits"])
        if complete and columns > 1
        else None,
    }


json.dump([evaluate(case) for case in json.load(sys.stdin)], sys.stdout, allow_nan=False)
