"""Reads model cards as the hub does: a JSON list of cards in; of each its metadata and its results out."""

import json
import sys

from huggingface_hub import ModelCard


def described(content):
    card = ModelCard(content)
    results = [
        {"name": result.metric_name, "type": result.metric_type, "value": result.metric_value, "data": result.dataset_name}
        for result in card.data.eval_results or []
    ]
    return {"baseModel": card.data.base_model, "tags": card.data.tags, "modelName": card.data.model_name, "results": results}


json.dump([described(content) for content in json.load(sys.stdin)], sys.stdout)
