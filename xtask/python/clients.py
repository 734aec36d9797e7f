"""Runs vendors' own client libraries against a server and says what each of them understood.

Usage: clients.py BASE_URL, such as http://127.0.0.1:8000. Needs the packages openai, anthropic and
ollama. Prints one JSON object a line: {"client", "call", "ok", "text", "tokens", "why"}. A call is
right when the library parsed the whole answer and found text and token counts in it.
"""
import json
import sys

import anthropic
import ollama
import openai

QUESTION = "How tall is the David?"
MESSAGES = [{"role": "user", "content": QUESTION}]


def say(client, call, run):
    try:
        text, tokens = run()
        ok = bool(str(text).strip()) and tokens is not None and tokens > 0
        line = {"ok": ok, "text": str(text)[:60], "tokens": tokens, "why": None if ok else "no text or no tokens"}
    except Exception as e:  # what a library throws is the finding
        line = {"ok": False, "text": None, "tokens": None, "why": f"{type(e).__name__}: {e}"[:300]}
    print(json.dumps({"client": client, "call": call, **line}), flush=True)
    return line["ok"]


def openai_calls(base):
    client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0)

    def chat():
        answer = client.chat.completions.create(model="sim", messages=MESSAGES)
        return answer.choices[0].message.content, answer.usage.completion_tokens

    def chat_stream():
        text, tokens = "", None
        options = {"include_usage": True}
        for chunk in client.chat.completions.create(model="sim", messages=MESSAGES, stream=True, stream_options=options):
            text += "".join(c.delta.content or "" for c in chunk.choices)
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return text, tokens

    def completion_stream():
        text, tokens = "", None
        options = {"include_usage": True}
        for chunk in client.completions.create(model="sim", prompt=QUESTION, stream=True, stream_options=options):
            text += "".join(c.text or "" for c in chunk.choices)
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return text, tokens

    def echo():
        answer = client.completions.create(model="sim", prompt=QUESTION, echo=True, max_tokens=1, logprobs=1)
        logprobs = answer.choices[0].logprobs
        offsets = logprobs.text_offset
        assert offsets == sorted(offsets) and logprobs.token_logprobs[0] is None, "offsets or first log-probability"
        return answer.choices[0].text, len(logprobs.tokens)

    def responses():
        answer = client.responses.create(model="sim", input=QUESTION)
        return answer.output_text, answer.usage.output_tokens

    def responses_stream():
        text, tokens = "", None
        for event in client.responses.create(model="sim", input=QUESTION, stream=True):
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type == "response.completed":
                tokens = event.response.usage.output_tokens
        return text, tokens

    def embeddings():
        answer = client.embeddings.create(model="sim", input=QUESTION)
        return f"{len(answer.data[0].embedding)} numbers", answer.usage.prompt_tokens

    calls = [chat, chat_stream, completion_stream, echo, responses, responses_stream, embeddings]
    return [("openai " + openai.__version__, call) for call in calls]


def anthropic_calls(base):
    client = anthropic.Anthropic(base_url=base, api_key="none", max_retries=0)

    def messages():
        answer = client.messages.create(model="sim", max_tokens=64, messages=MESSAGES)
        return answer.content[0].text, answer.usage.output_tokens

    def messages_stream():
        with client.messages.stream(model="sim", max_tokens=64, messages=MESSAGES) as stream:
            text = "".join(stream.text_stream)
            return text, stream.get_final_message().usage.output_tokens

    return [("anthropic " + anthropic.__version__, call) for call in (messages, messages_stream)]


def ollama_calls(base):
    client = ollama.Client(host=base)

    def chat():
        answer = client.chat(model="sim", messages=MESSAGES)
        return answer.message.content, answer.eval_count

    def chat_stream():
        text, tokens = "", None
        for chunk in client.chat(model="sim", messages=MESSAGES, stream=True):
            text += chunk.message.content or ""
            tokens = chunk.eval_count or tokens
        return text, tokens

    return [("ollama", call) for call in (chat, chat_stream)]


def main(base):
    calls = openai_calls(base) + anthropic_calls(base) + ollama_calls(base)
    results = [say(client, call.__name__, call) for client, call in calls]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
