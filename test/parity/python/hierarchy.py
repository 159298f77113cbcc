"""Hierarchical precision, recall and F1 (Kiritchenko, Matwin, Nock and Famili 2006) by scikit-learn: micro averages over sets of labels
that are completed by all labels above theirs.

In: a list of {truth: rows of 0 and 1, decisions: the same, parents: an index for each label, -1 for none}.
Out: a list of {precision, recall, f1}.
"""

import json
import sys

import numpy
from sklearn.metrics import precision_recall_fscore_support


def completed(rows, parents):
    # A label that nothing has: one column alone would be two classes to scikit-learn.
    matrix = numpy.pad(numpy.array(rows), ((0, 0), (0, 1)))
    for label in range(len(parents)):
        above = parents[label]
        while above >= 0:
            matrix[:, above] |= matrix[:, label]
            above = parents[above]
    return matrix


def answer(case):
    truth, decisions = (completed(case[key], case["parents"]) for key in ("truth", "decisions"))
    figures = precision_recall_fscore_support(truth, decisions, average="micro", zero_division=0)
    return dict(zip(("precision", "recall", "f1"), figures[:3]))


if __name__ == "__main__":
    json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
