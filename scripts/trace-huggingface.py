"""Traces a Hugging Face model directory into a TorchScript file that tagformer trains and serves.

    python scripts/trace-huggingface.py MODEL_DIR model.pt [--labels a,b,c]
    tagformer train data.csv --model model.pt --tokenizer MODEL_DIR --trust --output DIR

For architectures that tagformer does not have of its own; those it has are faster by their directory. The model is traced
in training mode, so that the rates of all dropout are in the file; tagformer makes them follow training and prediction.
Before it is written, a trace in evaluation mode is compared with the model at other sizes than the traced ones.
"""

import argparse
import inspect
import pathlib

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification


class Logits(torch.nn.Module):
    """The model as tagformer calls it: two or three tensors in, logits out."""

    def __init__(self, model, with_types):
        super().__init__()
        self.model = model
        self.with_types = with_types

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self.with_types:
            inputs["token_type_ids"] = token_type_ids
        return self.model(**inputs).logits


def load(directory, labels):
    config = AutoConfig.from_pretrained(directory)
    if labels:
        config.num_labels = len(labels)
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: i for i, name in enumerate(labels)}
    # No tuples, no cache of earlier texts.
    for name, value in {"return_dict": True, "use_cache": False, "use_mems_eval": False, "use_mems_train": False}.items():
        if hasattr(config, name):
            setattr(config, name, value)
    return AutoModelForSequenceClassification.from_pretrained(
        directory, config=config, dtype=torch.float32, ignore_mismatched_sizes=bool(labels)
    )


def example(model, rows, length, with_types):
    """Rows of which the last is half padded."""
    config = model.config
    padding = config.pad_token_id or 0
    ids = torch.randint(0, config.vocab_size, (rows, length))
    ids[ids == padding] = (padding + 1) % config.vocab_size
    mask = torch.ones_like(ids)
    kept = slice(None, length // 2) if config.model_type == "xlnet" else slice(length - length // 2, None)
    ids[-1, kept] = padding
    mask[-1, kept] = 0
    return (ids, mask, torch.zeros_like(ids)) if with_types else (ids, mask)


def trace(model, with_types):
    return torch.jit.trace(Logits(model, with_types), example(model, 2, 8, with_types), check_trace=False)


def largest_difference(model, traced, with_types):
    differences = []
    for rows, length in [(1, 5), (3, 16), (5, 11)]:
        inputs = example(model, rows, length, with_types)
        differences.append((traced(*inputs) - Logits(model, with_types)(*inputs)).abs().max().item())
    return max(differences)


def reason_of(error):
    """What went wrong, without the trace of the model's source around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("RuntimeError: ")), lines[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", help="Hugging Face model directory")
    parser.add_argument("output", help="file to write, such as model.pt")
    parser.add_argument("--labels", help="labels of a fresh head, separated by commas; without them the model keeps its own")
    parser.add_argument("--seed", type=int, default=42, help="seed of a fresh head")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    model = load(options.directory, options.labels and options.labels.split(","))
    with_types = "token_type_ids" in inspect.signature(model.forward).parameters
    model.eval()
    beside = pathlib.Path(f"{options.output}.writing")
    try:
        with torch.no_grad():
            difference = largest_difference(model, trace(model, with_types), with_types)
        if not difference < 1e-4:
            raise RuntimeError(f"at other sizes than the traced ones its logits differ by {difference}")
        model.train()
        trace(model, with_types).save(str(beside))
        beside.replace(options.output)
    except RuntimeError as error:
        raise SystemExit(f"this architecture cannot be traced: {reason_of(error)}")
    finally:
        beside.unlink(missing_ok=True)
    print(f"{options.output}: logits within {difference:.1e} of {options.directory}'s; labels: "
          f"{', '.join(model.config.id2label[i] for i in range(model.config.num_labels))}")


if __name__ == "__main__":
    main()
