# SPDX-License-Identifier: MIT
"""The booking service the application talks to: an HTTP server on loopback whose next answers a test decides.

plan("unavailable", "ok") says what the next two requests get; with nothing planned they get "ok". "hold" waits for
release(); nothing here sleeps.
"""
import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODES = ("ok", "unavailable", "hold", "garbled", "close")


class BookingService:
    def __init__(self, port=0):
        self.requests = []
        self.arrived = queue.Queue()
        self._plan = queue.Queue()
        self._release = threading.Event()
        self._count = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer._answer(self, body)

            do_POST = do_GET = do_DELETE = answer

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.daemon = True
        self._thread.start()

    def plan(self, *modes):
        for mode in modes:
            assert mode in MODES, mode
            self._plan.put(mode)

    def release(self):
        self._release.set()

    def wait_for_request(self, timeout=20):
        """The next request that arrived, as (method, path, headers, body)."""
        return self.arrived.get(timeout=timeout)

    def reset(self):
        """Forget plans and requests; numbers start again."""
        self.release()
        with self._lock:
            self._count = 0
        self.requests.clear()
        for q in (self._plan, self.arrived):
            while not q.empty():
                q.get_nowait()
        self._release = threading.Event()

    def serve(self):
        """Until somebody ends this process."""
        self._thread.join()

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler, body):
        request = (handler.command, handler.path, dict(handler.headers), body)
        try:
            mode = self._plan.get_nowait()
        except queue.Empty:
            mode = "ok"
        release = self._release
        self.requests.append(request)
        self.arrived.put(request)
        if mode == "hold":
            release.wait()
        try:
            if mode == "close":
                handler.close_connection = True
                handler.connection.close()
            elif mode == "unavailable":
                self._send(handler, 503, b'{"error":"maintenance","retry_after":30}')
            elif mode == "garbled":
                self._send(handler, 200, b'{"uid": "bk_te')
            else:
                with self._lock:
                    self._count += 1
                    number = self._count
                self._send(handler, 200, json.dumps({"uid": f"bk_test_{number:04d}", "status": "accepted"}).encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed meanwhile

    @staticmethod
    def _send(handler, status, body):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


if __name__ == "__main__":
    # Alone, for a demo that keeps running: always "ok".
    BookingService(int(sys.argv[1])).serve()
