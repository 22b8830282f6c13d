"""Alerts on standard output, for people or as JSON Lines."""

from __future__ import annotations

import json
import sys
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.alert.render import render
from pipeline.model import Alert, SendFailed, SendResult, Sent


class Channel(BaseModel):
    """Prints each alert where the program's own data goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["text", "json"] = Field(
        "text", description="text: a message for people; json: the payload of docs/webhook.md, one line an alert."
    )

    def send(self, alert: Alert) -> SendResult:
        """Printed and flushed is sent; a closed or broken output is a failure that may pass."""
        # ASCII: in JSON nothing is lost by it, and nothing in it can reach a terminal as a command.
        text = json.dumps(alert.payload) if self.format == "json" else render(alert.payload)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            return SendFailed(f"standard output cannot be written: {error}")
        return Sent()

    def close(self) -> None:
        """Standard output is not ours to close."""
