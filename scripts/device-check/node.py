"""Prediction from Node, texts in and scores out, with the Node.js and packages that pack.mjs packed."""

import json
import lzma
import os
import random
import tarfile
import tempfile
from pathlib import Path

import torch

from bench import sizes_of
from driver import run as run_program
from lengths import comment_lengths
from models import load_model, save_model


def run(setting):
    if not setting.carry.exists():
        return {"failed": [], "notRun": f"there is no {setting.carry}; where Node is: node scripts/device-check/pack.mjs"}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tree = unpack(setting.carry, folder / "carried")
        # The script is tried out where tagformer is developed, and its add-on is built already.
        environment = {} if setting.tiny else {"LIBTORCH": os.path.dirname(torch.__file__)}
        environment = {**os.environ, **environment}
        node = tree / "bin" / "node"
        run_program([node, tree / "dist" / "bundle" / "main.js", "setup"], setting.driver.seconds_left, env=environment)
        sizes = sizes_of(setting)
        model = folder / "model"
        save_model("bert", sizes, model)
        words = write_vocabulary(model, sizes["vocab_size"])
        texts = make_texts(words, 200 if setting.tiny else 100_000)
        (folder / "texts.json").write_text(json.dumps(texts))
        figures, failed = {}, []
        for precision in ("fp32", "bf16"):
            answer = json.loads(
                run_program(
                    [node, Path(__file__).parent / "predict.mjs", tree / "dist" / "bundle" / "index.js", model]
                    + [folder / "texts.json", setting.device, precision],
                    setting.driver.seconds_left,
                    env=environment,
                )
            )
            if answer["device"].split(":")[0] != setting.device.split(":")[0]:
                failed.append(f"{precision}: it computed on {answer['device']}")
            expected = their_scores(model, texts[:10], words, setting.device)
            difference = (torch.tensor(answer["scores"]) - expected).abs().max().item()
            bound = 1e-4 if precision == "fp32" else 1e-2
            if not difference <= bound:
                failed.append(f"{precision}: a score is {difference:.1e} from transformers', expected at most {bound:.0e}")
            figures[precision] = {"difference": difference, **({} if setting.tiny else {"rows": answer["rowsPerSecond"]})}
    return {"failed": failed, "figures": figures}


def unpack(carry, folder):
    with lzma.open(carry) as stream, tarfile.open(fileobj=stream) as archive:
        archive.extractall(folder, filter="data")
    return folder


def write_vocabulary(model, size):
    """A vocabulary of whole words, so that a text has a token for each; returns the words."""
    words = [f"w{i}" for i in range(size - 5)]
    (model / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]) + "\n")
    return words


def make_texts(words, count):
    draw = random.Random(2)
    return [" ".join(draw.choices(words, k=length - 2)) for length in comment_lengths(count)]


@torch.no_grad()
def their_scores(directory, texts, words, device):
    ids = {word: 5 + i for i, word in enumerate(words)}
    model = load_model(directory, device)
    rows = [[2, *(ids[word] for word in text.split()), 3] for text in texts]
    return torch.cat([model(torch.tensor([row], device=device)).logits.sigmoid().cpu().flatten() for row in rows])
