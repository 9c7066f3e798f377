"""Waits on this machine for the one request that the sign-in sends the browser back with."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

THANKS = b"<!DOCTYPE html><meta charset=utf-8><p>Thank you. You can close this window."


class _Back(BaseHTTPRequestHandler):
    """Takes that request."""

    server: Listener
    timeout = 5

    def do_GET(self) -> None:
        """Keep the answer; whatever else a browser asks for is not there."""
        asked = urlsplit(self.path)
        is_answer = asked.path == self.server.expected and asked.query
        self.send_response(200 if is_answer else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if is_answer:
            self.wfile.write(THANKS)
            self.server.answer = self.path

    def log_message(self, *_: Any) -> None:
        """Nothing: the address holds the code."""


class Listener(HTTPServer):
    """Listens at the port of the address; ``answer`` is what was asked for there, once it was."""

    def __init__(self, redirect_uri: str) -> None:
        asked = urlsplit(redirect_uri)
        self.expected = asked.path or "/"
        self.answer = ""
        super().__init__(("127.0.0.1", asked.port or 80), _Back)
