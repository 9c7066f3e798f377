"""The only module that knows httpx: one request out, one answer or one of two kinds of silence in.

``send`` tells apart what an exactly-once delivery must tell apart: ``Answer`` (the server spoke),
``NotSent`` (it certainly never heard us) and ``Lost`` (it may have done what we asked). ``read``
asks again by itself, which is right for reads and never for writes: those belong to the ledger.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from random import Random
from types import TracebackType
from typing import Self

import httpx

from ..clock import Clock
from ..errors import STARS, AccessError, UnavailableError, UsageError
from ..merchant.secrets import Secret, exactly
from ..personal import starred
from .limiter import Limiter
from .refusals import access_error

Query = Sequence[tuple[str, str]]

AGENT = "qliro-fortnox/0.2"
# Fortnox needs up to two minutes for some calls (woo-fortnox-hub waits 120 s).
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
TIMES = TIMEOUT.as_dict()
ATTEMPTS = 6
LONGEST_PAUSE = 30.0
NOT_UTF_8 = "the body is not UTF-8"
# Variables of the environment that httpx reads.
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = tuple(
    name for one in ("https_proxy", "http_proxy", "all_proxy") for name in (one.upper(), one)
)
NAMES = {"qliro": "Qliro", "fortnox": "Fortnox"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. ``problem`` says why ``body`` is not the bytes themselves, which
    are in ``raw`` then.

    ``sent_at`` is when the request left, so what the answer shows is at least that fresh.
    """

    status: int
    body: str
    sent_at: datetime
    problem: str | None = None
    raw: bytes | None = None


class NotSent(Exception):  # noqa: N818  an outcome, named as the ledger names it
    """No connection could be made: the request certainly had no effect."""


class Lost(Exception):  # noqa: N818  an outcome, named as the ledger names it
    """The request left, at ``left_at``, and no whole answer came: whether it had an effect is
    unknown."""

    def __init__(self, words: str, left_at: datetime | None = None) -> None:
        super().__init__(words)
        self.left_at = left_at


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that are trusted: read once, for it takes longer than many a request.

    Raises UsageError where the environment names a file of them that is none.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # an SSLError too
        named = next((name for name in CERTIFICATES if os.environ.get(name)), None)
        if named is None:
            raise
        why = "it holds none" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(
            f"The certificates in {os.environ[named]}, which {named} names, can't be read ({why}).",
            f"Correct {named}, or unset it to trust the usual ones.",
        ) from None


def nobody_trusted() -> ssl.SSLContext:
    """No certificate is: for addresses that are asked without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


# Each parse goes over the text character by character; documents are created at a few addresses.
_url = lru_cache(maxsize=64)(httpx.URL)


@lru_cache(maxsize=4)
def _moment(told: str) -> datetime:
    """What a header ``Date`` says (RFC 9110: to the second). Raises ValueError where that is no
    date."""
    return parsedate_to_datetime(told).astimezone(UTC)


class _Cookies(httpx.Cookies):
    """Cookies as answers set them: of one that sets none nothing is made anew to look for them."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if "Set-Cookie" in response.headers:
            super().extract_cookies(response)


class Api:
    """One of the two APIs, with its address, its way in and its pace. Safe to share by threads.

    ``transport`` stands in for the network (the sandbox, a test); ``random`` makes the jitter of
    the pauses between attempts, seeded where a run must be repeatable. ``complete`` puts into a
    body what only the server may see, as it leaves. ``secrets`` are taken out of refusals: a server
    may repeat what it was sent, and answers are kept. ``signs_in_at`` is the other address that its
    way in asks, where there is one.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        auth: httpx.Auth,
        clock: Clock,
        limiter: Limiter | None = None,
        transport: httpx.BaseTransport | None = None,
        random: Random | None = None,
        attempts: int = ATTEMPTS,
        complete: Callable[[bytes], bytes] | None = None,
        secrets: Iterable[Secret] = (),
        signs_in_at: str = "",
    ) -> None:
        self.source = source
        # How far this machine's clock was ahead of the server's when that last told its time.
        self.ahead: timedelta | None = None
        self.auth = auth
        self.clock = clock
        self._base = base_url.rstrip("/")
        self._limiter = limiter
        self._random = random or Random()  # noqa: S311  jitter, not a secret
        self._attempts = attempts
        self._complete = complete
        self._redact = exactly(secrets)
        self.read_only = ""  # why nothing may be written, in a sentence
        self._sent: Counter[str] = Counter()
        self._counting = threading.Lock()
        local = httpx.URL(self._base).host in ("localhost", "127.0.0.1", "::1")
        schemes = {httpx.URL(one).scheme for one in (self._base, signs_in_at)}
        plain = local and "https" not in schemes
        try:
            self._client = httpx.Client(
                auth=auth,
                transport=transport,
                timeout=TIMEOUT,
                verify=nobody_trusted() if plain else trusted(),
                follow_redirects=False,  # a redirect of a signed or writing request is no answer
                trust_env=not local,  # a company's proxy does not know this machine's sandbox
                headers={"Accept": "application/json", "User-Agent": AGENT},
                event_hooks={"request": [self._leaves]},
            )
        except (ValueError, httpx.InvalidURL, ImportError):  # its address is not shown: passwords
            named = [name for name in PROXIES if os.environ.get(name)]
            if not named:
                raise
            raise UsageError(
                f"{' or '.join(named)} names no proxy that can be used.",
                "Write http://host:port, or unset it.",
            ) from None

        self._client._cookies = _Cookies()  # its setter would copy them into plain ones
        self._bare = self._client.headers
        self._with_body = httpx.Headers(self._bare)
        self._with_body["Content-Type"] = "application/json"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _leaves(self, request: httpx.Request) -> None:
        """Called when the request is about to leave, its turn and its token had."""
        left_by = request.extensions.get("leave_by")
        now = self.clock.now()
        if self._limiter and (turn := request.extensions.get("turn")) is not None:
            self._limiter.leaves(turn)
        if left_by is not None and now > left_by:
            raise NotSent("its turn came too late")
        request.extensions["left_at"] = now

    def send(
        self,
        method: str,
        path: str,
        query: Query = (),
        body: bytes | str | None = None,
        *,
        leave_by: datetime | None = None,
    ) -> Answer:
        """One request at the allowed pace; any status is an Answer. Nothing is tried twice, but a
        401 makes the way in renew itself once: a refused token means that nothing was done.

        A request whose turn or token comes after ``leave_by`` does not leave any more. Raises
        NotSent, Lost, or AccessError when no token can be had (nothing was sent then).
        """
        if self.read_only and method != "GET":
            raise AccessError(f"{self.read_only}: nothing is written.")
        content = body.encode() if isinstance(body, str) else body
        if content is not None and self._complete:
            content = self._complete(content)
        turn = self._limiter.wait() if self._limiter else None
        sent_at = self.clock.now()
        try:
            request = httpx.Request(
                method,
                _url(self._base + path),
                params=list(query) or None,
                headers=self._bare if content is None else self._with_body,
                cookies=self._client.cookies,
                content=content,
                extensions={"timeout": TIMES, "leave_by": leave_by, "turn": turn},
            )
        except httpx.InvalidURL as error:
            raise NotSent(f"{self._base + path} is not an address: {error}") from None
        self._count("sent")
        try:
            response = self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(_words(error)) from None
        except httpx.UnsupportedProtocol as error:
            raise NotSent(_words(error)) from None
        except httpx.HTTPError as error:
            if _asked(error) not in (None, request.url):  # it was the token that did not come
                raise NotSent(f"no token: {_words(error)}") from None
            raise Lost(_words(error), request.extensions.get("left_at")) from None
        sent_at = request.extensions.get("left_at", sent_at)
        self._compare(response.headers.get("Date"))
        if response.status_code == 429:
            self._count("rate_limited")
            if self._limiter:
                self._limiter.slow_down()
        problem, raw = None, None
        try:
            text = response.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raw = response.content
            text = raw.decode("utf-8", "replace")
            problem = NOT_UTF_8
        if not response.is_success:
            text = self._without_ours(text, response.request)
        return Answer(response.status_code, text, sent_at, problem, raw)

    def _count(self, what: str) -> None:
        with self._counting:
            self._sent[what] += 1

    def calls(self) -> dict[str, int]:
        """How many requests were sent, and how many of them answered with 429."""
        with self._counting:
            return {what: self._sent[what] for what in ("sent", "rate_limited")}

    def _without_ours(self, text: str, request: httpx.Request) -> str:
        """A refusal without what it may quote of us: our secrets and token, personal numbers."""
        token = request.headers.get("Authorization", "").rpartition(" ")[2]
        if token:
            text = text.replace(token, STARS)
        return starred(self._redact(text))

    def _compare(self, told: str | None) -> None:
        """The server's time by its header ``Date`` beside our own."""
        with suppress(TypeError, ValueError):
            self.ahead = self.clock.now() - _moment(told or "")

    def read(
        self,
        method: str,
        path: str,
        query: Query = (),
        seen: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """The answer to a request without effects, asked again on 429, 5xx and silence.

        ``seen`` gets every answer, also those that are asked again. Raises UnavailableError when
        the last attempt fails too, AccessError when the server refuses us.
        """
        if method != "GET":
            raise ValueError(f"{method} is not a read; it must not be repeated")
        for attempt in range(1, self._attempts + 1):
            try:
                answer = self.send(method, path, query)
            except (NotSent, Lost) as error:
                trouble = str(error)
            else:
                if seen:
                    seen(answer)
                if refused := access_error(self.source, answer.status, answer.body):
                    raise refused
                if answer.status != 429 and answer.status < 500:
                    return answer
                trouble = f"status {answer.status}"
            if attempt < self._attempts:
                pause = min(LONGEST_PAUSE, 2.0 ** (attempt - 1))
                self.clock.sleep(pause * (0.5 + self._random.random() / 2))
        raise UnavailableError(
            f"{NAMES.get(self.source, self.source)} does not answer {method} {path} "
            f"({trouble}, {self._attempts} attempts).",
            "Nothing is lost; run again later.",
        )


def nobody(
    source: str, base_url: str, clock: Clock, transport: httpx.BaseTransport | None = None
) -> Api:
    """Any other address, asked as nobody in particular: whether somebody is there, and who."""
    return Api(source, base_url, auth=httpx.Auth(), clock=clock, transport=transport, attempts=2)


def post(url: str, body: bytes, transport: httpx.BaseTransport | None = None) -> int:
    """The status of a JSON POST to an address that is itself a secret: httpx's log, which would
    quote it, is passed by. Raises NotSent and Lost, which do not quote it either."""
    request = httpx.Request(
        "POST",
        url,
        content=body,
        headers={"Content-Type": "application/json", "User-Agent": AGENT},
        extensions={"timeout": TIMEOUT.as_dict()},
    )
    with transport or httpx.HTTPTransport(verify=trusted()) as opened:
        try:
            return opened.handle_request(request).status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise NotSent(_words(error)) from None
        except httpx.HTTPError as error:
            raise Lost(_words(error)) from None


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _asked(error: httpx.HTTPError) -> httpx.URL | None:
    try:
        return error.request.url
    except RuntimeError:  # raised by a transport that did not say
        return None
