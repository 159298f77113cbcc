"""One sample of OpenVINO; onnxruntime's twin is ../onnxruntime.mjs.

In: {directory, set, work: predict | check, precision, file, batches, batchSize, warmUp, warmUpRows, passes, threads}.
Out: {seconds, peakMemory}; for a check {logits}.
"""

import openvino
from transformers import AutoConfig

from batches import by_falling_length, checked_rows, padded, read_texts, rows_of_batches
from measure import answer, measure


def compile_model(request):
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": request["threads"],
        # int8 leaves what is not quantized; bf16 is the fastest for that.
        "INFERENCE_PRECISION_HINT": "f32" if request["precision"] == "fp32" else "bf16",
    }
    file = f"{request['directory']}/openvino/{request['file']}"
    return openvino.Core().compile_model(file, "CPU", settings)


def prediction_step(request):
    session = compile_model(request).create_infer_request()
    return lambda ids, mask: session.infer([ids, mask])[0]


def inputs_of(config, texts, rows):
    inputs, _ = padded(config, texts, rows)
    return inputs["input_ids"].numpy(), inputs["attention_mask"].numpy()


def predict(request):
    config = AutoConfig.from_pretrained(request["directory"])
    texts = read_texts(request)
    batches = [inputs_of(config, texts, rows) for rows in rows_of_batches(request, texts)]
    longest = inputs_of(config, texts, by_falling_length(texts)[: request["warmUpRows"]])
    # A plan is made for each new shape, and kept: in a service all have been seen.
    return measure(request, prediction_step(request), batches, [longest, *batches])


def check(request):
    texts = read_texts(request)
    inputs = inputs_of(AutoConfig.from_pretrained(request["directory"]), texts, checked_rows(texts))
    return {"logits": prediction_step(request)(*inputs).flatten().tolist()}


answer({"predict": predict, "check": check})
