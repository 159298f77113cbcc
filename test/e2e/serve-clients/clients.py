"""Asks tagformer's server as Python programs do, and prints what the clients made of its answers.

Usage: clients.py KEYED_URL BUSY_URL KEY TEXT
"""

import json
import sys

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from openai import APIStatusError, OpenAI

keyed, busy, key, text = sys.argv[1:]


def hugging_face(url, token=key, **parameters):
    answer = InferenceClient(model=f"{url}/models/tiny", token=token).text_classification(text, **parameters)
    return [{"label": element.label, "score": element.score} for element in answer]


def open_ai(url, api_key=key):
    return OpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0)


def error_of(call):
    try:
        call()
    except (HfHubHTTPError, APIStatusError) as error:
        return [type(error).__name__, error.response.status_code]
    raise AssertionError("it was answered")


moderation = open_ai(keyed).moderations.create(input=text).results[0]
print(
    json.dumps(
        {
            "huggingFace": hugging_face(keyed),
            "best": hugging_face(keyed, top_k=1, function_to_apply="sigmoid"),
            "moderation": {
                "flagged": moderation.flagged,
                # As it came: the typed fields are OpenAI's own categories.
                "categories": moderation.categories.model_dump(by_alias=True),
                "category_scores": moderation.category_scores.model_dump(by_alias=True),
            },
            "models": [model.id for model in open_ai(keyed).models.list()],
            "errors": [
                error_of(lambda: hugging_face(keyed, "hf_wrong")),
                error_of(lambda: hugging_face(busy)),
                error_of(lambda: open_ai(keyed, "sk-wrong").moderations.create(input=text)),
                error_of(lambda: open_ai(busy).moderations.create(input=text)),
            ],
        }
    )
)
