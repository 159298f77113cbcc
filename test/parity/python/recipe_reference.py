"""Training recipes in PyTorch: losses, poolings of windows, rates of learning and AdamW as transformers 2 had it.

In: a list of what model_reference.py takes, each with any of
  loss: {kind: bce | focal | asymmetric, and the numbers of its formula}
  weights: one for each text; texts: the first row of each text; pooling: max | mean
  rates: factors of the learning rate by parameter, 0 freezes; lr, epsilon, weight_decay, transformers2: of AdamW
  schedule: linear | cosine, over all steps after warmupSteps; averageSteps: of the average of the weights
  fgm: how far the word embeddings are moved for a second backward pass; rDrop: the weight of R-Drop's divergence
  headDropout: of tagformer, before the last layer, with its seed in dropoutSeed
  headBias: prior, the log-odds of the labels with one more row of each kind
  clip: the most that the gradient's norm may be, 0 for no limit
Out: a list of {loss, losses, classifier: the weights of the head's last layer after all steps, average: their average}; the gradients lie in directory/gradients.safetensors.
"""

import json
import sys

import torch
from model_reference import inputs_of, make_model
from our_dropout import OurDropout, stream_of
from safetensors.torch import save_file
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid
from torch.optim.swa_utils import AveragedModel
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup


def focal(logits, labels, gamma, alpha):
    """Lin et al. 2017, equation 5; a soft label is the mixture of a set one and one that is not."""
    p = logits.sigmoid()
    positive = (1 - p) ** gamma * -logsigmoid(logits)
    negative = p**gamma * -logsigmoid(-logits)
    if alpha is not None:
        positive, negative = alpha * positive, (1 - alpha) * negative
    return labels * positive + (1 - labels) * negative


def asymmetric(logits, labels, gamma_positive, gamma_negative, margin):
    """Ridnik et al. 2021, equation 7."""
    p = logits.sigmoid()
    shifted = (p - margin).clamp(min=0)
    positive = (1 - p) ** gamma_positive * -p.log()
    negative = shifted**gamma_negative * -(1 - shifted).log()
    return labels * positive + (1 - labels) * negative


def elements(spec, logits, labels):
    smoothing = spec.get("smoothing", 0)
    labels = labels * (1 - smoothing) + smoothing / 2
    if spec["kind"] == "focal":
        return focal(logits, labels, spec["gamma"], spec.get("alpha"))
    if spec["kind"] == "asymmetric":
        return asymmetric(logits, labels, spec["gammaPositive"], spec["gammaNegative"], spec["margin"])
    positive = spec.get("positiveWeights")
    positive = None if positive is None else torch.tensor(positive)
    return binary_cross_entropy_with_logits(logits, labels, pos_weight=positive, reduction="none")


def pooled(logits, request):
    texts = request.get("texts")
    if texts is None:
        return logits
    windows = [logits[a:b] for a, b in zip(texts, texts[1:])]
    mean = request["pooling"] == "mean"
    return torch.stack([rows.mean(0) if mean else rows.amax(0) for rows in windows])


def logits_of(model, request):
    return pooled(model(**inputs_of(request, model)).logits, request)


def loss_of(model, request):
    return mean_loss(logits_of(model, request), request)


def labels_of(logits, request):
    return torch.tensor([float("nan") if x is None else x for x in request["labels"]]).view_as(logits)


def mean_loss(logits, request):
    labels = labels_of(logits, request)
    labelled = ~labels.isnan()
    losses = elements(request.get("loss", {"kind": "bce"}), logits, labels.nan_to_num())
    weights = request.get("weights")
    if weights is not None:
        losses = losses * torch.tensor(weights)[:, None]
    return losses[labelled].mean()


def bernoulli_divergence(p, q):
    """Kullback-Leibler, element by element."""
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def r_drop_loss(model, request):
    """Liang et al. 2021, equations 2 and 3, for labels that are each a Bernoulli variable."""
    first = logits_of(model, request)
    model.dropout.seed ^= stream_of("second drawing of dropout")
    second = logits_of(model, request)
    model.dropout.seed = request["dropoutSeed"]
    labelled = ~labels_of(first, request).isnan()
    p, q = first.sigmoid()[labelled], second.sigmoid()[labelled]
    divergence = (bernoulli_divergence(p, q) + bernoulli_divergence(q, p)) / 2
    losses = (mean_loss(first, request) + mean_loss(second, request)) / 2
    return losses + request["rDrop"] * divergence.mean()


def add_adversarial(model, request):
    """The fast gradient method over the word table: gradients at the moved table are added."""
    table = model.get_input_embeddings().weight
    before = table.detach().clone()
    with torch.no_grad():
        table += request["fgm"] * table.grad / table.grad.norm()
    loss_of(model, request).backward()
    with torch.no_grad():
        table.copy_(before)


class Transformers2AdamW(torch.optim.Optimizer):
    """The update of transformers 2.10's AdamW with correct_bias, from its description of the algorithm."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                state["t"] += 1
                state["m"].mul_(0.9).add_(p.grad, alpha=0.1)
                state["v"].mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
                size = group["lr"] * (1 - 0.999 ** state["t"]) ** 0.5 / (1 - 0.9 ** state["t"])
                p.addcdiv_(state["m"], state["v"].sqrt().add_(group["eps"]), value=-size)


def optimizer_of(model, request):
    groups = []
    for name, parameter in model.named_parameters():
        rate = request.get("rates", {}).get(name, 1)
        parameter.requires_grad_(rate > 0)
        exempt = "bias" in name or "norm" in name.lower()
        decay = 0.0 if exempt else request.get("weight_decay", 0.01)
        if rate > 0:
            groups.append({"params": [parameter], "lr": request.get("lr", 3e-4) * rate, "weight_decay": decay})
    epsilon = request.get("epsilon", 1e-8)
    if request.get("transformers2"):
        return Transformers2AdamW(groups, {"lr": 3e-4, "eps": epsilon})
    return torch.optim.AdamW(groups, eps=epsilon)


def rate_schedule(optimizer, request):
    """transformers' schedules."""
    kind = request.get("schedule")
    if kind is None:
        return None
    make = {"linear": get_linear_schedule_with_warmup, "cosine": get_cosine_schedule_with_warmup}[kind]
    return make(optimizer, request["warmupSteps"], request["steps"])


def averaged(model, request):
    """PyTorch's average: the plain mean of the first steps, then an exponential one with the same time constant."""
    steps = request.get("averageSteps", 1)
    return AveragedModel(model, avg_fn=lambda mean, new, count: mean + (new - mean) / min(count + 1, steps))


def set_head_bias(model, request):
    labels = torch.tensor([float("nan") if x is None else x for x in request["labels"]])
    labels = labels.view(-1, model.classifier.bias.numel())
    positives = labels.nansum(0) + 1
    negatives = (1 - labels).nansum(0) + 1
    with torch.no_grad():
        model.classifier.bias.copy_((positives / negatives).log())


def answer(request):
    model = make_model(request)
    if request.get("headBias") == "prior":
        set_head_bias(model, request)
    loss = loss_of(model, request)
    loss.backward()
    gradients = {n: p.grad.contiguous() for n, p in model.named_parameters() if p.grad is not None}
    save_file(gradients, f"{request['directory']}/gradients.safetensors")
    optimizer = optimizer_of(model, request)
    schedule, average = rate_schedule(optimizer, request), averaged(model, request)
    losses, clip = [], request.get("clip", 1.0)
    if "headDropout" in request:
        model.dropout = OurDropout(request["headDropout"], site=1)
        model.dropout.seed = request["dropoutSeed"]
    for number in range(request.get("steps", 0)):
        optimizer.zero_grad()
        model.dropout.step = number
        step = r_drop_loss(model, request) if "rDrop" in request else loss_of(model, request)
        step.backward()
        if "fgm" in request:
            add_adversarial(model, request)
        if clip > 0:
            torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], clip)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        average.update_parameters(model)
        losses.append(step.item())
    weights = {"classifier": model, "average": average.module}
    return {"loss": loss.item(), "losses": losses} | {
        name: of.classifier.weight.flatten().tolist() for name, of in weights.items()
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
