"""One sample of Hugging Face PyTorch; ../ours.mjs is its twin.

In: {directory, set, work: train | predict | start | check, trains, precision, batches: padded | grouped, paddedTo, fused,
attention: eager | sdpa, compiler: inductor | zentorch, freezes, batchSize, warmUp, warmUpRows, passes, threads, optimizer}.
Out: {seconds, peakMemory}, the time of each pass over all texts; for a check {logits}, and {loss, gradientNorm} where the
contestant trains.
"""

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from batches import by_falling_length, checked_rows, padded, read_texts, rows_of_batches
from measure import answer, measure, peak_memory


def load(request):
    torch.set_num_threads(request["threads"])
    model = AutoModelForSequenceClassification.from_pretrained(
        request["directory"], dtype=torch.float32, attn_implementation=request.get("attention", "sdpa")
    )
    is_cast = request.get("freezes") and request["precision"] == "bf16"
    return model.to(torch.bfloat16) if is_cast else model


def compiled(request, model):
    """As each compiler's documentation asks. Who freezes makes the weights a part of it (TORCHINDUCTOR_FREEZING)."""
    name = request.get("compiler")
    if name is None:
        return model
    if name == "zentorch":
        import zentorch  # noqa: F401, it names itself to torch.compile
    return torch.compile(model, backend=name, dynamic=True)


def all_batches(request, model, texts):
    width = request["paddedTo"] if request["batches"] == "padded" else None
    return [padded(model.config, texts, rows, width) for rows in rows_of_batches(request, texts)]


def logits_of(request, model, inputs):
    mixed = request["precision"] == "bf16" and next(model.parameters()).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        logits = model(**inputs).logits
    return logits.float()


def make_optimizer(request, model):
    options = request["optimizer"]
    exempt = lambda name: name.endswith("bias") or "norm" in name.lower()
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if not exempt(n)],
            "weight_decay": options["weightDecay"],
        },
        {"params": [p for n, p in model.named_parameters() if exempt(n)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups,
        lr=options["learningRate"],
        betas=(options["beta1"], options["beta2"]),
        eps=options["epsilon"],
        fused=request.get("fused", True),
    )


def training_step(request, model):
    optimizer = make_optimizer(request, model)
    network = compiled(request, model)

    def step(inputs, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits_of(request, network, inputs), labels)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), request["optimizer"]["maxGradientNorm"])
        optimizer.step()
        return {"loss": loss.item(), "gradientNorm": norm.item()}

    return step


def prediction_step(request, model):
    network = compiled(request, model)

    without_gradients = torch.no_grad if request.get("freezes") else torch.inference_mode  # which freezing does not know

    @without_gradients()
    def step(inputs, labels):
        return logits_of(request, network, inputs).numpy()

    return step


def train(request):
    """
    A whole step warms up: an epoch has thousands, and only the first takes its memory from the system. Who compiles does so
    for every shape before the clock starts.
    """
    model = load(request).train()
    batches = all_batches(request, model, read_texts(request))
    warm_up = batches if request.get("compiler") else batches[:1]
    return measure(request, training_step(request, model), batches, warm_up)


def predict(request):
    model = load(request).eval()
    texts = read_texts(request)
    batches = all_batches(request, model, texts)
    longest = padded(model.config, texts, by_falling_length(texts)[: request["warmUpRows"]])
    warm_up = batches if request.get("compiler") else [longest]
    return measure(request, prediction_step(request, model), batches, warm_up)


def start(request):
    """From texts to scores by name, as people use it."""
    directory = request["directory"]
    torch.set_num_threads(request["threads"])
    classifier = pipeline(
        "text-classification",
        AutoModelForSequenceClassification.from_pretrained(directory),
        tokenizer=AutoTokenizer.from_pretrained(directory),
        top_k=None,
    )
    return {"predictions": classifier(read_texts(request)["texts"]), "peakMemory": peak_memory()}


def check(request):
    """With dropout off."""
    model = load(request).eval()
    texts = read_texts(request)
    inputs, labels = padded(model.config, texts, checked_rows(texts))
    logits = prediction_step(request, model)(inputs, labels).flatten().tolist()
    return {"logits": logits, **(training_step(request, model)(inputs, labels) if request["trains"] else {})}


answer({"train": train, "predict": predict, "start": start, "check": check})
