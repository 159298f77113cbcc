"""Python's fixed-point formatting: a JSON list of [value, digits] in, a JSON list of strings out."""

import json
import sys

json.dump([f"{value:.{digits}f}" for value, digits in json.load(sys.stdin)], sys.stdout)
