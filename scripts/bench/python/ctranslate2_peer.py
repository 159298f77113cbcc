"""One sample of CTranslate2, which leaves padding out itself; the head, which it does not know, is NumPy's.

In: {directory, set, work: predict | check, precision, batches, batchSize, warmUp, warmUpRows, passes, threads}.
Out: {seconds, peakMemory}; for a check {logits}.
"""

import ctranslate2
import numpy
from safetensors.numpy import load_file

from batches import by_falling_length, checked_rows, read_texts, rows_of_batches
from measure import answer, measure

compute_types = {"fp32": "float32", "int8": "int8"}  # it has no bf16 on CPUs


def prediction_step(request):
    directory = request["directory"]
    encoder = ctranslate2.Encoder(
        f"{directory}/ctranslate2",
        device="cpu",
        compute_type=compute_types[request["precision"]],
        intra_threads=request["threads"],
    )
    head = load_file(f"{directory}/model.safetensors")
    weight, bias = head["classifier.weight"], head["classifier.bias"]
    return lambda ids: numpy.array(encoder.forward_batch(ids).pooler_output) @ weight.T + bias


def ids_of(texts, rows):
    return ([texts["ids"][row] for row in rows],)


def predict(request):
    texts = read_texts(request)
    batches = [ids_of(texts, rows) for rows in rows_of_batches(request, texts)]
    longest = ids_of(texts, by_falling_length(texts)[: request["warmUpRows"]])
    return measure(request, prediction_step(request), batches, [longest])


def check(request):
    texts = read_texts(request)
    return {"logits": prediction_step(request)(*ids_of(texts, checked_rows(texts))).flatten().tolist()}


answer({"predict": predict, "check": check})
