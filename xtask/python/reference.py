"""Asks a server through the vendor's own client library: what acidtest's answers are held against.

Usage: reference.py KIND BASE_URL MODEL whole|stream, prompts as JSON strings on standard input, one a line.
Prints one JSON object a line: {"text", "input", "output"}. KIND is acidtest's name of a protocol.
"""
import json
import sys

import anthropic
import openai

LIMITS = {"temperature": 0, "max_tokens": 24}


def opened(base):
    return openai.OpenAI(base_url=base, api_key="none", max_retries=0)


def gathered(stream, text_of):
    """Text and token counts of a stream of the OpenAI library."""
    text, usage = "", None
    for chunk in stream:
        text += "".join(text_of(choice) or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    return text, usage.prompt_tokens if usage else None, usage.completion_tokens if usage else None


def chat(base, model, prompt, stream):
    how = {"stream_options": {"include_usage": True}} if stream else {}
    messages = [{"role": "user", "content": prompt}]
    answer = opened(base).chat.completions.create(model=model, messages=messages, stream=stream, **how, **LIMITS)
    if stream:
        return gathered(answer, lambda choice: choice.delta.content)
    return answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens


def completion(base, model, prompt, stream):
    how = {"stream_options": {"include_usage": True}} if stream else {}
    answer = opened(base).completions.create(model=model, prompt=prompt, stream=stream, **how, **LIMITS)
    if stream:
        return gathered(answer, lambda choice: choice.text)
    return answer.choices[0].text, answer.usage.prompt_tokens, answer.usage.completion_tokens


def responses(base, model, prompt, stream):
    limits = {"temperature": 0, "max_output_tokens": 24}
    answer = opened(base).responses.create(model=model, input=prompt, stream=stream, **limits)
    if stream:
        events = list(answer)
        text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        usage = next(e.response.usage for e in events if e.type == "response.completed")
        return text, usage.input_tokens, usage.output_tokens
    return answer.output_text, answer.usage.input_tokens, answer.usage.output_tokens


def messages(base, model, prompt, stream):
    client = anthropic.Anthropic(base_url=base.removesuffix("/v1"), api_key="none", max_retries=0)
    asked = {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": 24}
    if stream:
        with client.messages.stream(**asked) as events:
            text = "".join(events.text_stream)
            usage = events.get_final_message().usage
    else:
        answer = client.messages.create(**asked)
        text, usage = answer.content[0].text, answer.usage
    return text, usage.input_tokens, usage.output_tokens


def embedding(base, model, prompt, stream):
    answer = opened(base).embeddings.create(model=model, input=prompt, encoding_format="float")
    vectors = answer.data[0].embedding
    if not isinstance(vectors[0], list):  # without pooling there is one for each token
        vectors = [vectors]
    return f"{len(vectors)} vectors of {len(vectors[0])} numbers", answer.usage.prompt_tokens, None


KINDS = {
    "openai_chat": chat,
    "openai_completions": completion,
    "openai_responses": responses,
    "anthropic": messages,
    "embeddings": embedding,
}


def main(kind, base, model, form):
    for line in sys.stdin:
        text, taken, given = KINDS[kind](base, model, json.loads(line), form == "stream")
        print(json.dumps({"text": text, "input": taken, "output": given}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
