"""The texts of a workload as the peers take them: sorted by length and padded to each batch's longest, or as they come."""

import json

import torch


def read_texts(request):
    with open(f"{request['directory']}/texts-{request['set']}.json") as file:
        return json.load(file)


def padded(config, texts, rows, width=None):
    """The ids of the rows and what belongs to them, padded as the architecture asks; and their labels."""
    left = config.model_type == "xlnet"  # it reads the last token

    def pad(values, fill):
        lists = [values[row] for row in rows]
        longest = width or max(map(len, lists))
        fills = [[fill] * (longest - len(row)) for row in lists]
        return torch.tensor([f + row if left else row + f for f, row in zip(fills, lists)])

    inputs = {
        "input_ids": pad(texts["ids"], config.pad_token_id or 0),
        "attention_mask": pad([[1] * len(ids) for ids in texts["ids"]], 0),
    }
    if left:
        inputs["token_type_ids"] = pad(texts["types"], 3)
    labels = torch.tensor([texts["labels"][row] for row in rows], dtype=torch.float32)
    return inputs, labels


def by_falling_length(texts):
    return sorted(range(len(texts["ids"])), key=lambda row: -len(texts["ids"][row]))


def rows_of_batches(request, texts):
    rows = by_falling_length(texts) if request["batches"] == "grouped" else range(len(texts["ids"]))
    size = request["batchSize"]
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def checked_rows(texts):
    """Every k-th text, see ../texts.mjs."""
    step = -(-len(texts["ids"]) // 16)
    return list(range(0, len(texts["ids"]), step))
