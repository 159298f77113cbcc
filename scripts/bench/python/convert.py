"""Converts a model of workload.py for OpenVINO, in fp32 and quantized to int8 by its own tool, and for CTranslate2.

In: {directory}. Writes directory/openvino/model.xml and model_int8.xml, and directory/ctranslate2.
"""

import json
import sys
import warnings

stdout, sys.stdout = sys.stdout, sys.stderr  # nncf writes its progress there, from its import on

import nncf
import numpy
import openvino
import torch
from ctranslate2.converters import TransformersConverter
from transformers import AutoModelForSequenceClassification

from batches import padded, read_texts, rows_of_batches

warnings.filterwarnings("ignore")
request = json.loads(sys.argv[1])
directory = request["directory"]
SIZES = [("input_ids", [-1, -1], numpy.int64), ("attention_mask", [-1, -1], numpy.int64)]
CALIBRATION_BATCH = 8


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def calibration_batches(config):
    """The texts that are predicted: better than any others for the quantized model's accuracy."""
    texts = read_texts({"directory": directory, "set": "mixed"})
    batches = rows_of_batches({"batches": "grouped", "batchSize": CALIBRATION_BATCH}, texts)
    inputs = [padded(config, texts, rows)[0] for rows in batches]
    return [{name: values.numpy() for name, values in batch.items()} for batch in inputs]


model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
ids = torch.randint(1000, 2000, (2, 16))
converted = openvino.convert_model(Logits(model), example_input=(ids, torch.ones_like(ids)), input=SIZES)
openvino.save_model(converted, f"{directory}/openvino/model.xml", compress_to_fp16=False)
quantized = nncf.quantize(
    converted, nncf.Dataset(calibration_batches(model.config)), model_type=nncf.ModelType.TRANSFORMER
)
openvino.save_model(quantized, f"{directory}/openvino/model_int8.xml", compress_to_fp16=False)
TransformersConverter(directory).convert(f"{directory}/ctranslate2")
json.dump({}, stdout)
