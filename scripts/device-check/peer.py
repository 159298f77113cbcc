"""transformers in a process of its own: python3 peer.py JOB RESULT, both JSON. The same weights and batches as ours."""

import json
import sys
import time

import torch

from models import load_model, padded


def main(job):
    device = torch.device(job["device"])
    tf32 = job["precision"] == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    model = load_model(job["model"], device).train()
    # Batches of many lengths are compiled once, for lengths that may change.
    run_model = torch.compile(model, dynamic=not job["padded"]) if job["compiled"] else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["learningRate"], fused=device.type != "cpu")
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=job["precision"] == "bf16")
    length = job["longest"] if job["padded"] else None

    def train(batch):
        inputs, labels = padded(batch, model, length)
        with autocast:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(run_model(**inputs).logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def predict(batch):
        with torch.inference_mode(), autocast:
            run_model(**padded(batch, model, length)[0]).logits.cpu()

    training = seconds_of(train, job, device)
    model.eval()
    return {"trainingSeconds": training, "predictionSeconds": seconds_of(predict, job, device)}


def seconds_of(body, job, device):
    warm = job["warm"]
    for batch in job["batches"][:warm]:
        body(batch)
    synchronise(device)
    start = time.perf_counter()
    for batch in job["batches"][warm:]:
        body(batch)
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device):
    if device.type != "cpu":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        answer = main(json.load(file))
    with open(sys.argv[2], "w") as file:
        json.dump(answer, file)
