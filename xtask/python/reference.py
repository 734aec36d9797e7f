"""Asks a server through the vendor's own client library: what acidtest's answers are held against.

Usage: reference.py KIND BASE_URL MODEL, prompts as JSON strings on standard input, one a line.
Prints one JSON object a line: {"text", "input", "output"}. KIND is acidtest's name of a protocol.
"""
import json
import sys

import anthropic
import openai

LIMITS = {"temperature": 0, "max_tokens": 24}


def chat(base, model, prompt):
    client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}], **LIMITS)
    return answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens


def completion(base, model, prompt):
    client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
    answer = client.completions.create(model=model, prompt=prompt, **LIMITS)
    return answer.choices[0].text, answer.usage.prompt_tokens, answer.usage.completion_tokens


def responses(base, model, prompt):
    client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
    answer = client.responses.create(model=model, input=prompt, temperature=0, max_output_tokens=24)
    return answer.output_text, answer.usage.input_tokens, answer.usage.output_tokens


def messages(base, model, prompt):
    client = anthropic.Anthropic(base_url=base.removesuffix("/v1"), api_key="none", max_retries=0)
    answer = client.messages.create(model=model, messages=[{"role": "user", "content": prompt}], **LIMITS)
    return answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens


def embedding(base, model, prompt):
    client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
    answer = client.embeddings.create(model=model, input=prompt, encoding_format="float")
    return f"{len(answer.data[0].embedding)} numbers", answer.usage.prompt_tokens, None


KINDS = {
    "openai_chat": chat,
    "openai_completions": completion,
    "openai_responses": responses,
    "anthropic": messages,
    "embeddings": embedding,
}


def main(kind, base, model):
    for line in sys.stdin:
        text, taken, given = KINDS[kind](base, model, json.loads(line))
        print(json.dumps({"text": text, "input": taken, "output": given}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
