"""The overhead task for Inspect AI: the cases of FILE, one answer each, scored by `includes`."""
import os

from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate


@task
def overhead():
    fields = FieldSpec(input="question", target="answer", id="id")
    return Task(dataset=json_dataset(os.environ["CASES"], fields), solver=generate(), scorer=includes())
