"""A tokenizer as transformers saves it: {"from": directory, "to": directory} in, null out."""

import json
import sys

from transformers import AutoTokenizer

request = json.load(sys.stdin)
AutoTokenizer.from_pretrained(request["from"]).save_pretrained(request["to"])
json.dump(None, sys.stdout)
