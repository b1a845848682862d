"""S3: objects that are read and put; its answers are hand-made."""

from xml.sax.saxutils import escape

from aiohttp import web

from tests.doubles.aws.server import ACCOUNT, Server
from tests.doubles.aws.wire import Refusal

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_PAGE = 2


class _Torn(web.Response):
    """An answer whose connection is lost in the middle."""

    async def write_eof(self, data: bytes = b"") -> None:
        assert isinstance(self.body, bytes)
        await self.write(self.body[: len(self.body) // 2])
        assert self._req is not None
        assert self._req.transport is not None
        self._req.transport.close()


class Objects:
    """`kept`: bucket -> key -> content; `torn`: keys whose connection is lost half-way, once each."""

    def __init__(self, server: Server) -> None:
        self.kept: dict[str, dict[str, bytes]] = {}
        self.torn: set[str] = set()
        self.owner = ACCOUNT
        """Whose the buckets are."""
        server.objects, server.puts = self.handle, self.put

    def handle(self, request: web.Request) -> web.Response:
        bucket = self._bucket(request)
        if "list-type" in request.query:
            return self._list(bucket, request.query.get("prefix", ""), request.query.get("continuation-token", ""))
        key = request.match_info["key"]
        if key not in bucket:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        if key in self.torn:
            self.torn.remove(key)
            return _Torn(body=bucket[key], content_type="application/octet-stream")
        return web.Response(body=bucket[key], content_type="application/octet-stream")

    def put(self, request: web.Request, content: bytes) -> web.Response:
        """Keep an object as an owner of the bucket puts it there, and only a new one where that is asked."""
        bucket = self._bucket(request)
        key = request.match_info["key"]
        if request.headers.get("If-None-Match") == "*" and key in bucket:
            text = "At least one of the pre-conditions you specified did not hold"
            raise Refusal("PreconditionFailed", text, 412)
        bucket[key] = content
        return web.Response()

    def _bucket(self, request: web.Request) -> dict[str, bytes]:
        bucket = self.kept.get(request.match_info["bucket"])
        if bucket is None:
            raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        if request.headers.get("x-amz-expected-bucket-owner", self.owner) != self.owner:
            raise Refusal("AccessDenied", "Access Denied", 403)
        return bucket

    def _list(self, bucket: dict[str, bytes], prefix: str, token: str) -> web.Response:
        keys = sorted(key for key in bucket if key.startswith(prefix) and key > token)
        page, rest = keys[:_PAGE], keys[_PAGE:]
        found = "".join(f"<Contents><Key>{escape(key)}</Key><Size>{len(bucket[key])}</Size></Contents>" for key in page)
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        inside = f"<IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{more}{found}"
        text = f'<ListBucketResult xmlns="{_NAMESPACE}">{inside}</ListBucketResult>'
        return web.Response(text=text, content_type="application/xml")
