"""A server as FastAPI's and transformers' documentation write it: a pipeline behind a route. It goes on until it is ended.

In: {directory, threads, port}.
"""

import json
import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

request = json.loads(sys.argv[1])
directory = request["directory"]
torch.set_num_threads(request["threads"])

classifier = pipeline(
    "text-classification",
    AutoModelForSequenceClassification.from_pretrained(directory),
    tokenizer=AutoTokenizer.from_pretrained(directory),
    top_k=None,
    function_to_apply="sigmoid",
)
app = FastAPI()


class Question(BaseModel):
    text: str


@app.post("/predict")
def predict(question: Question):
    return {score["label"]: score["score"] for score in classifier([question.text])[0]}


uvicorn.run(app, host="127.0.0.1", port=request["port"], log_level="warning")
