"""Alerts on standard output, for people or as JSON Lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from pipeline.alert.options import Templates, template_concerns, template_files
from pipeline.alert.render import Medium, Messages
from pipeline.model import Alert, SendFailed, SendResult, Sent


class Channel(BaseModel):
    """Prints each alert where the program's own data goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["text", "json"] = Field(
        "text", description="text: a message for people; json: the payload of docs/webhook.md, one line an alert."
    )
    templates: Templates = None
    _messages: Messages = PrivateAttr(default_factory=Messages)

    def model_post_init(self, context: Any, /) -> None:
        """The messages are those of the folder of templates."""
        self._messages = Messages(self.templates)

    def send(self, alert: Alert) -> SendResult:
        """Printed and flushed is sent; a closed or broken output is a failure that may pass."""
        # ASCII: in JSON nothing is lost by it, and nothing in it can reach a terminal as a command.
        is_json = self.format == "json"
        text = json.dumps(alert.payload) if is_json else self._messages.body(alert.payload, Medium.TEXT)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            return SendFailed(f"standard output cannot be written: {error}")
        return Sent()

    def concerns(self) -> Iterator[tuple[str, str]]:
        """What is unwise in the templates."""
        yield from template_concerns(self.templates)

    def files(self) -> Iterable[Path]:
        """The templates, so that a change of one is noticed."""
        return template_files(self.templates)

    def close(self) -> None:
        """Standard output is not ours to close."""
