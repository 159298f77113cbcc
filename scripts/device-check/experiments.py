"""What is off until a GPU has agreed: flash attention over packed batches, and recorded steps."""

import tempfile

import torch

from comparing import LENGTHS, TRAINING, judged, largest, relative
from driver import succeeded
from models import ARCHITECTURES, LABELS, make_batch, save_model

PACKED = {
    **{name: ARCHITECTURES[name] for name in ("bert", "distilbert", "roberta", "electra")},
    # Every third layer of ModernBERT sees the whole text, from the first on; only where the last does are batches packed.
    "modernbert": {**ARCHITECTURES["modernbert"], "num_hidden_layers": 4},
}


def flash(setting):
    """Packed batches and flash attention against the padded path. On the CPU another operator stands in for the kernels,
    which proves what is handed to them, and takes fp32."""
    precision = "fp32" if setting.tiny else "bf16"
    figures = {}
    for model_type, sizes in PACKED.items():
        with tempfile.TemporaryDirectory() as folder:
            save_model(model_type, sizes, folder)
            batch = make_batch(LENGTHS, sizes["vocab_size"], seed=6)

            def results(*experiments):
                actions = [{"what": "predict"}, {"what": "gradients"}, {"what": "train", "steps": 5, "training": TRAINING}]
                found = setting.driver(folder, actions, [batch], LABELS, precision, experiments=experiments)
                return [succeeded(one) for one in found]

            ours, plain = results("flash"), results()
            figures[model_type] = compared(ours, plain, exact=setting.tiny)
    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", ARCHITECTURES["bert"], folder)
        figures["bert, with dropout"] = repeated(setting, folder, precision, ("flash",))
    return judged(figures)


def compared(ours, plain, exact):
    gradients = {name: torch.tensor(values) for name, values in plain[1]["gradients"].items()}
    whole = torch.stack([one.norm() for one in gradients.values()]).norm()
    difference = max(relative(ours[1]["gradients"][name], one, whole) for name, one in gradients.items())
    if exact:
        return {
            "logits": largest(ours[0]["logits"], plain[0]["logits"]),
            "gradients": difference,
            "losses": largest(ours[2]["losses"], plain[2]["losses"]),
        }
    scores = [torch.tensor(one[0]["logits"]).sigmoid() for one in (ours, plain)]
    return {
        "bf16": (scores[0] - scores[1]).abs().max().item(),
        "losses": largest(ours[2]["losses"], plain[2]["losses"]),
    }


def repeated(setting, folder, precision, experiments):
    """How far two runs of one seed with dropout are apart."""
    batches = [make_batch(LENGTHS, 120, seed) for seed in range(3)]
    action = {"what": "train", "steps": 9, "training": {**TRAINING, "dropout": True}}
    # Where a GPU adds in any order, only this mode repeats itself.
    experiments = experiments if setting.tiny else (*experiments, "deterministic")

    def losses():
        found = setting.driver(folder, [action], batches, LABELS, precision, experiments=experiments)
        return succeeded(found[0])["losses"]

    return {"again": largest(losses(), losses())}


def graphs(setting):
    """Losses of recorded steps against those of the same steps that are not, and against those of a second run. On the CPU
    a recording computes anew, from the same memory and by the same numbers."""
    steps = 12 if setting.tiny else 60
    figures, seconds = {}, {}
    for experiments in (("graphs",), ("flash", "graphs")):
        precision = "fp32" if setting.tiny or experiments == ("graphs",) else "bf16"
        with tempfile.TemporaryDirectory() as folder:
            save_model("bert", ARCHITECTURES["bert"], folder)
            batches = [make_batch([n + seed for n in LENGTHS], 120, seed) for seed in range(3)]
            action = {"what": "train", "steps": steps, "training": TRAINING}
            runs = {}
            for name, used in (("recorded", experiments), ("not", experiments[:-1])):
                found = setting.driver(folder, [action], batches, LABELS, precision, experiments=used)
                runs[name] = succeeded(found[0])
            name = " and ".join(experiments)
            figures[name] = {
                ("recorded" if precision == "fp32" else "losses"): largest(runs["recorded"]["losses"], runs["not"]["losses"]),
                **repeated(setting, folder, precision, experiments),
            }
            # The first steps make what is made once.
            seconds[name] = {which: sum(run["stepSeconds"][9:]) / (steps - 9) for which, run in runs.items()}
    return {**judged(figures), "secondsPerStep": None if setting.tiny else seconds}
