"""The YAML language server that editors use, spoken to over its own protocol (LSP, stdio).

It is a Node program; ``.ci/run`` installs it where npm is there. ``found`` says where, or why not.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from engine.home import HOME

# Where `.ci/run` puts the server, and a Node that is new enough for it.
INSTALLED = Path(os.environ.get("YAML_LANGUAGE_SERVER", HOME / ".venv" / "editor"))
SERVER = INSTALLED / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
NODE = INSTALLED / "node_modules" / "node" / "bin" / "node"
MISSING = "no YAML language server in .venv/editor: .ci/run installs it where npm is there"
PATIENCE = 30.0
# Nothing is looked up in the network: schemas are files here.
CONFIGURATION = {
    "validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False},
}  # fmt: skip


def is_installed() -> bool:
    """Whether the server can be started."""
    return SERVER.is_file() and NODE.is_file()


class Server:
    """A running server. Messages are JSON with a header that tells their length."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.came: Queue[dict[str, Any]] = Queue()
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.number = self.versions = 0
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = stream.readline()
            self.came.put(json.loads(stream.read(length)))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()

    def tell(self, method: str, params: Any) -> None:
        """A notification: nothing comes back."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """A request; its answer."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        answer: dict[str, Any] = {}

        def answered() -> bool:
            return bool(answer)

        def look(message: dict[str, Any]) -> None:
            if message.get("id") == self.number and "method" not in message:
                answer.update(message)

        self._until(answered, look)
        assert "error" not in answer, answer
        return answer["result"]

    def _until(self, done: Callable[[], bool], look: Callable[[dict[str, Any]], None]) -> None:
        ends = time.monotonic() + PATIENCE
        while not done():
            try:
                message = self.came.get(timeout=max(0.01, ends - time.monotonic()))
            except Empty:
                raise AssertionError("the language server does not answer") from None
            look(message)
            self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            items = message["params"]["items"]
            given = [CONFIGURATION if one.get("section") == "yaml" else None for one in items]
            self._send({"id": message["id"], "result": given})
        elif method and "id" in message:
            self._send({"id": message["id"], "result": None})

    # -- what a person does in an editor ----------------------------------------------------------

    def opened(self, file: Path, text: str) -> list[str]:
        """Open a file with this text; what the editor underlines, a line each: ``3: message``."""
        document = self._document(file, text)
        uri = document["uri"]
        self.tell("textDocument/didOpen", {"textDocument": document})
        self._until(lambda: uri in self.diagnostics, lambda _message: None)
        found = self.diagnostics[uri]
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        return [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]

    def _document(self, file: Path, text: str) -> dict[str, Any]:
        """A document to open, beside the file: the server keeps what it made of one by its name."""
        self.versions += 1
        uri = file.with_name(f"{self.versions}-{file.name}").as_uri()
        return {"uri": uri, "languageId": "yaml", "version": 1, "text": text}

    def completed(self, file: Path, text: str) -> dict[str, str]:
        """What is offered where ``§`` stands in the text, each with its explanation."""
        result = self._at("textDocument/completion", file, text)
        items = result["items"] if isinstance(result, dict) else result or []
        return {one["label"]: _text(one.get("documentation")) for one in items}

    def explained(self, file: Path, text: str) -> str:
        """What is told of the word where ``§`` stands in the text."""
        result = self._at("textDocument/hover", file, text)
        return _text(result["contents"]) if result else ""

    def _at(self, method: str, file: Path, text: str) -> Any:
        before, _, after = text.partition("§")
        line, column = before.count("\n"), len(before.rpartition("\n")[2])
        document = self._document(file, before + after)
        uri = document["uri"]
        self.tell("textDocument/didOpen", {"textDocument": document})
        where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
        result = self.ask(method, where)
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        return result


def _text(told: Any) -> str:
    return told.get("value", "") if isinstance(told, dict) else str(told or "")


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server over ``folder``; it is ended at the end."""
    process = subprocess.Popen(  # noqa: S603  installed by our own script
        [str(NODE), str(SERVER), "--stdio"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = Server(process)
        server.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {
                        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                        "hover": {"contentFormat": ["markdown"]},
                    },
                },
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
            },
        )
        server.tell("initialized", {})
        server.tell("workspace/didChangeConfiguration", {"settings": {"yaml": CONFIGURATION}})
        yield server
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
