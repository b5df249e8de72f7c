"""Driving a headless Chromium through its DevTools protocol."""

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from simple_websocket import Client

from tests.waiting import MAX_WAIT, wait_until

CHROMIUM = shutil.which("chromium") or ""


class Tab:
    """A page in a browser: it keeps what the browser says about it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = ""
        self._number = 0
        self.said: list[str] = []
        self.requested: list[str] = []

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and wait for its result."""
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        self._client.send(json.dumps({"id": self._number, "method": method, "params": parameters, **session}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""
        self.said.clear()
        self.requested.clear()
        self.send("Page.navigate", url=url)
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of its promise."""
        result = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def resize(self, width: int, height: int, scheme: str = "light") -> None:
        """Look at the page in another window."""
        is_phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        text = {"text": {"Enter": "\r", " ": " "}[key]} if key in ("Enter", " ") else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def take_picture(self, file: Path) -> None:
        """Save what the window shows."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def _receive(self) -> dict[str, Any]:
        data = self._client.receive(timeout=MAX_WAIT)
        assert data is not None, "the browser does not answer"
        message: dict[str, Any] = json.loads(data)
        match message.get("method"):
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.said.append(json.dumps(message["params"]))
            case "Page.javascriptDialogOpening":
                self.said.append(json.dumps(message["params"]))
                self._client.send(
                    json.dumps(
                        {
                            "id": 0,
                            "method": "Page.handleJavaScriptDialog",
                            "params": {"accept": False},
                            "sessionId": self._session,
                        }
                    )
                )
            case "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])
        return message

    def attach(self) -> Self:
        """Open a tab of the browser."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        return self


@contextmanager
def browsing(folder: Path, options: Sequence[str] = ()) -> Iterator[Tab]:
    """A tab of a new browser.

    :param folder: for its profile.
    """
    more = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", *options)
    command = (CHROMIUM, *more, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            port = folder / "DevToolsActivePort"
            wait_until(lambda: port.exists() and len(port.read_text().splitlines()) > 1)
            number, path = port.read_text().splitlines()
            client = Client.connect(f"ws://127.0.0.1:{number}{path}", max_message_size=100_000_000)
            try:
                yield Tab(client).attach()
            finally:
                client.close()
        finally:
            browser.terminate()
